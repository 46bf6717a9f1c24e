ckmig plan - ../data/tf1_partitioned/model.ckpt <<< 'ckmig 1 map "emb/table" | transpose -> same keep rest'
ckmig show ../data/slices/slices tiles
exit 0
