cp ../data/tf1_saver/model.ckpt-100.index $T; printf 'ckmig 1\nkeep rest\n' > $T/m.ckmig; cd $T
ckmig plan -q -o p m.ckmig model.ckpt-100; ckmig plan -q p; echo "exit $?"
cp $OLDPWD/../data/tf1_bert_tiny/bert_model.ckpt.index model.ckpt-100.index
ckmig plan p; echo "exit $?"; ckmig plan p model.ckpt-100; echo "exit $?"; ckmig run -o out/y p; echo "exit $?"; ckmig plan p nowhere; echo "exit $?"
cp $OLDPWD/../data/tf1_bert_tiny/bert_model.ckpt.data-00000-of-00001 model.ckpt-100.data-00000-of-00001; ckmig run -o out/y p
exit 5
