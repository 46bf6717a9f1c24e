ckmig plan --onto ../data/tf2_keras3/adam-1 E0407-many.ckmig ../data/tf2_legacy_adam/adam-1
exit 4
