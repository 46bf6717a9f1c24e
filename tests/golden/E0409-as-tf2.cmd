ckmig plan E0409-as-tf2.ckmig ../data/tf1_saver/model.ckpt-200
exit 4
