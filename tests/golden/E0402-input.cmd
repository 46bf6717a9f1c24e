ckmig plan --input teacher=../data/tf1_saver/model.ckpt-200 E0402-input.ckmig ../data/tf1_saver/model.ckpt-200
exit 4
