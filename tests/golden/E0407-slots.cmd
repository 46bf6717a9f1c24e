ckmig plan --onto ../data/tf2_keras211/sgd_momentum-1 E0407-slots.ckmig ../data/tf2_keras211/adam-1
exit 4
