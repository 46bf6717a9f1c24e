ckmig plan W0302-cast.ckmig ../data/tf1_bert_tiny/bert_model.ckpt > /dev/null
exit 0
