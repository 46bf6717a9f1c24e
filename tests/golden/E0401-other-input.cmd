ckmig plan --input teacher=../data/tf1_bert_tiny/bert_model.ckpt E0401-other-input.ckmig ../data/tf1_saver/model.ckpt-200
exit 4
