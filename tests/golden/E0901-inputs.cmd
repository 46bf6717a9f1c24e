c=$PWD/../data/tf1_saver/model.ckpt-100; o=$PWD/../data/tf1_bert_tiny/bert_model.ckpt; cd $T; printf 'ckmig 1\ninput teacher\ndrop teacher:rest because "none"\nkeep rest\n' > m.ckmig
ckmig plan -q m.ckmig $c; echo "exit $?"; ckmig plan -q --input teecher=$c m.ckmig $c; echo "exit $?"; ckmig plan -q --input teacher=$c --input teacher=$o m.ckmig $c; echo "exit $?"
ckmig plan -q --input =x m.ckmig $c; echo "exit $?"; ckmig plan -q --input teacher m.ckmig $c; echo "exit $?"
ckmig plan -q --input teacher=$o -o b.ckplan m.ckmig $c; ckmig plan -q b.ckplan; echo "exit $?"; ckmig plan -q --set n=1 b.ckplan; echo "exit $?"; ckmig plan -q --onto $c b.ckplan; echo "exit $?"
ckmig plan -q --input teacher=$c b.ckplan 2>&1 | head -n 1 | grep -o '^.*teacher'; ckmig run -q --data=copy --shard-size 1M -o out/x b.ckplan
exit 2
