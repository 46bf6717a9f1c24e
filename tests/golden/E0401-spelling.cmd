ckmig plan E0401-spelling.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
