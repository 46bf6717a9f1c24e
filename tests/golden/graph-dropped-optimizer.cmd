# An optimizer goes when nothing of its own is kept; as long as something is, no name goes through it.
two=../data/tf2_optimizers/two-1; keras=../data/tf2_keras3/adam-1
printf 'ckmig 1\ndrop "two/**" because "it is not used"\nkeep rest\n' > $T/counters.ckmig
printf 'ckmig 1\ndrop "two/**" because "it is not used"\ndrop "**@two/*" because "it is not used"\nkeep rest\n' > $T/all.ckmig
printf 'ckmig 1\ndrop "two/_iterations" because "it is not used"\nslots drop because "they are not used"\nkeep rest\n' > $T/rate.ckmig
printf 'ckmig 1\ndrop "optimizer/**" because "it is not used"\nslots drop because "they are not used"\nkeep rest\n' > $T/only.ckmig
for m in counters all rate; do echo "--- $m"; (cd $T && ckmig run --report - -o $m $m.ckmig $OLDPWD/$two > /dev/null); ckmig ls $T/$m; ckmig ls --graph $T/$m | sed -n '/^  two/,$p'; done
ckmig run -q -o $T/only $T/only.ckmig $keras && ckmig ls --graph $T/only
exit 0
