ckmig ls ../data/tf1_saver/model.ckpt-10
exit 2
