# An output that a failed run leaves as it was keeps its report; --report says where the other one goes.
d=../data/tf1_saver/model.ckpt-100; cd $T; printf 'ckmig 1\nkeep rest\n' > good.ckmig; printf 'ckmig 1\nkeep rest\ncheck max("global_step") < 0\n' > bad.ckmig
d=$OLDPWD/$d; ckmig run -q -o x good.ckmig $d; sha256sum x.* > sums
ckmig run --force -o x bad.ckmig $d > text; s=$?; sed 's/after .* s$/after S s/' text; sha256sum --quiet -c sums
ckmig run -q --force --report failed.json -o x bad.ckmig $d 2> /dev/null; echo "exit $?"; sha256sum --quiet -c sums; grep -A4 '"output"' failed.json; exit $s
exit 6
