printf 'ckmig 1\nkeep rest\n' > $T/m.ckmig; c=$PWD/../data/tf1_saver/model.ckpt-100; cd $T
for r in x.index x.data-00000-of-00001 checkpoint ../out/x.index; do ckmig run -q --report out/$r -o out/x m.ckmig $c; echo "exit $?"; done
ls -A
exit 0
