ckmig compile compile-bert.ckmig
exit 0
