ckmig plan E0413-where.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
