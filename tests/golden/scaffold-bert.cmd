ckmig run -q --no-state -o "$T/new" scaffold-bert.ckmig ../data/tf1_bert_tiny/bert_model.ckpt || exit 1
ckmig scaffold --onto "$T/new" ../data/tf1_bert_tiny/bert_model.ckpt | tee "$T/made.ckmig"
ckmig plan -q --onto "$T/new" "$T/made.ckmig" ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
