for d in ../data/corrupt/*/; do n=$(basename $d); ckmig verify --format=gcc ${d}x; echo "$n: exit $?"; done
exit 0
