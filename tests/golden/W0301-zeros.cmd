ckmig plan W0301-zeros.ckmig ../data/tf1_bert_tiny/bert_model.ckpt > /dev/null
exit 0
