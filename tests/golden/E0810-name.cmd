ckmig show ../data/tf1_bert_tiny bert/embeddings/word_embedding
exit 2
