ckmig plan E0213-no-value.ckmig ../data/tf1_bert_tiny
exit 4
