ckmig plan E0404-partner.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
