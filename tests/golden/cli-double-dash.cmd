cp compile-bert.ckmig $T/-m.ckmig; cd $T
ckmig -q -- compile -m.ckmig; echo "exit $?"; ckmig compile -q -- -m.ckmig; echo "exit $?"; ckmig compile ./-m.ckmig -q; echo "exit $?"; ckmig compile -m.ckmig
exit 2
