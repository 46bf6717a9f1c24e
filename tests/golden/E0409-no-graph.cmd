ckmig ls --graph ../data/tf1_saver/model.ckpt-100
exit 2
