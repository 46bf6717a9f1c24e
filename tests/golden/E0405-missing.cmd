ckmig plan E0405-missing.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
