ckmig plan E0402-left.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
