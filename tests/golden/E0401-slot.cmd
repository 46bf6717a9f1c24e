ckmig plan E0401-slot.ckmig ../data/tf1_saver/model.ckpt-200
exit 4
