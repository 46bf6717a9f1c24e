ckmig plan E0307-arithmetic.ckmig ../data/tf1_bert_tiny
exit 4
