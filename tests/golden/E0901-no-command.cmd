ckmig
exit 2
