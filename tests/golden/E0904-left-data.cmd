# Data files that a killed run left are an output too, and the report beside them stays as it is.
mkdir $T/out; echo old | tee $T/out/x.data-00000-of-00001 > $T/out/x.report.json; printf 'ckmig 1\nkeep rest\n' > $T/m.ckmig
ckmig run -q --report $T/out/other.json -o $T/out/x $T/m.ckmig ../data/tf1_saver/model.ckpt-100; s=$?; cat $T/out/*; ls $T/out; exit $s
exit 7
