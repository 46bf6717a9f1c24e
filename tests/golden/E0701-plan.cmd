ckmig plan E0701-plan.ckmig ../data/tf1_bert_tiny/bert_model.ckpt
exit 4
