# A state file that cannot be read stops a run before it begins.
mkdir $T/out; echo nonsense > $T/out/checkpoint; printf 'ckmig 1\nkeep rest\n' > $T/m.ckmig
ckmig run -q -o $T/out/x $T/m.ckmig ../data/tf1_saver/model.ckpt-100; echo "exit $?"; ls $T/out
ckmig run -q --no-state -o $T/out/x $T/m.ckmig ../data/tf1_saver/model.ckpt-100; s=$?; ls $T/out; exit $s
exit 0
