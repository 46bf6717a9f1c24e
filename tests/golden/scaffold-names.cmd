ckmig run -q --no-state -o "$T/new" scaffold-names.ckmig ../data/tf1_bert_tiny/bert_model.ckpt || exit 1
ckmig scaffold --onto "$T/new" ../data/tf1_bert_tiny/bert_model.ckpt | tee "$T/made.ckmig"
ckmig run -q --no-state --onto "$T/new" -o "$T/again" "$T/made.ckmig" ../data/tf1_bert_tiny/bert_model.ckpt || exit 1
cmp "$T/new.index" "$T/again.index" && cmp "$T/new.data-00000-of-00001" "$T/again.data-00000-of-00001"
exit 0
