# A report that cannot be written stops the run before the output gets its name.
printf 'ckmig 1\nkeep rest\n' > $T/m.ckmig; c=$PWD/../data/tf1_saver/model.ckpt-100; cd $T
ckmig run -q --report /dev/null/report -o out/x m.ckmig $c; echo "exit $?"; ls -A
ckmig run -q --report new/report.json -o out/x m.ckmig $c; s=$?; ls -A . new; exit $s
exit 0
