ckmig plan W0404-momentum.ckmig ../data/tf1_saver/model.ckpt-200 > /dev/null
exit 0
