ckmig run compile-bert.ckmig ../data/tf1_bert_tiny
exit 2
