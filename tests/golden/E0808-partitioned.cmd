ckmig show ../data/tf1_partitioned/model.ckpt "$(ckmig ls ../data/tf1_partitioned/model.ckpt | head -n 1 | cut -f 1)"
exit 2
