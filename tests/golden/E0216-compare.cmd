ckmig plan E0216-compare.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
