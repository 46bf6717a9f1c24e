ckmig ls ../data/tf1_saver; ckmig ls --slots ../data/tf1_saver/model.ckpt-100; ckmig ls ../data/tf1_bert_tiny 'bert/**/layer_{i:[01]}/**/kernel' '**/kernel@m' | head -n 20
exit 0
