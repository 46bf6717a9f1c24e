ckmig plan E0304-pattern.ckmig ../data/tf1_bert_tiny
exit 4
