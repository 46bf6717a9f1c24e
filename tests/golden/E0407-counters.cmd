ckmig plan --onto ../data/tf2_keras211/adam-1 E0407-counters.ckmig ../data/tf2_legacy_adam/adam-1
exit 4
