ckmig plan --onto ../data/tf2_optimizers/two-1 E0407-optimizer.ckmig ../data/tf2_optimizers/other-1
exit 4
