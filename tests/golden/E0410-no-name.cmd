ckmig plan E0410-no-name.ckmig ../data/tf1_bert_tiny
exit 4
