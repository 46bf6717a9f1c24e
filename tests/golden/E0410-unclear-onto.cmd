ckmig plan --onto ../data/tf2_legacy_adam/adam-1 E0410-unclear-onto.ckmig ../data/tf2_optimizers/twins-1
exit 4
