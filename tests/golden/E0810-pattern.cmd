ckmig ls ../data/tf1_bert_tiny 'bert/encoder/layer_{i:int}/**/kernle'
exit 2
