echo precious > $T/plan
ckmig compile -o $T/plan compile-bert.ckmig; cat $T/plan
exit 0
