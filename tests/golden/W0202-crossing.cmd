ckmig plan W0202-crossing.ckmig ../data/tf1_bert_tiny/bert_model.ckpt > /dev/null
exit 0
