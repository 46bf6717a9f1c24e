ckmig ls ../data/tf1_v1_format/model.ckpt
exit 2
