ckmig compile nowhere.ckmig; ckmig plan ../data/tf1_saver/model.ckpt-100 x.ckmig; ckmig -C nowhere ls x
exit 2
