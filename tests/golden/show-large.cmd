ckmig show ../data/tf1_bert_tiny bert/embeddings/word_embeddings; ckmig show ../data/tf2_keras3/adam-1 model/d1/kernel; ckmig show --json ../data/tf1_bert_tiny bert/embeddings/word_embeddings
exit 0
