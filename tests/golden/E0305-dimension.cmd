ckmig plan E0305-dimension.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
