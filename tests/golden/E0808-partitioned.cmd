ckmig show ../data/tf1_partitioned/model.ckpt emb/table
exit 2
