c=../data/tf1_saver/model.ckpt-100
ckmig compile --json -o - compile-bert.ckmig; ckmig show --json --npy - $c global_step
ckmig show --npy - $c global_step | tail -c 8 | od -An -tx1
ckmig compile -q --json compile-bert.ckmig | grep rules
printf 'ckmig 1\nkeep rest\n' | ckmig plan - $c | head -n 1
exit 0
