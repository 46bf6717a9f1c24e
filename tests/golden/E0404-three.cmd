ckmig plan E0404-three.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
