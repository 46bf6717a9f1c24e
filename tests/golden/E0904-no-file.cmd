# What is no file is not replaced, not even by --force.
mkdir $T/folder; printf 'ckmig 1\nkeep rest\n' > $T/m.ckmig; c=../data/tf1_saver/model.ckpt-100
ckmig compile --force -o $T/folder $T/m.ckmig; echo "exit $?"
ckmig run -q --force --report $T/folder -o $T/x $T/m.ckmig $c; echo "exit $?"
ckmig compile --force -o /dev/full $T/m.ckmig; s=$?; ls $T; test -c /dev/full && exit $s
exit 7
