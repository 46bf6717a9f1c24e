ckmig plan E0304-computed-size.ckmig ../data/tf1_bert_tiny
exit 4
