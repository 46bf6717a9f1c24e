ckmig plan W0401-orphans.ckmig ../data/tf1_saver/model.ckpt-200 > /dev/null
exit 0
