ckmig plan --onto ../data/tf1_saver/model.ckpt-200 E0408-counters.ckmig ../data/tf2_keras211/adam-1
exit 4
