c=../data/tf1_saver/model.ckpt-100
echo 'no JSON' > $T/a; echo '{"version": 1}' > $T/b; echo '{"targets": [{"key": 3}], "output": {"index_sha256": "00"}}' > $T/c
for r in a b c; do ckmig verify $T/$r $c; echo "exit $?"; done
printf 'ckmig 1\nkeep rest\ncheck max("**") < -1e30\n' > $T/m.ckmig
ckmig run -q -o $T/out $T/m.ckmig $c 2> /dev/null; echo "exit $?"; ckmig verify $T/out.report.json $c
exit 2
