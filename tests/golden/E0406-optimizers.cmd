ckmig plan --onto ../data/tf2_optimizers/two-1 E0406-optimizers.ckmig ../data/tf2_optimizers/other-1
exit 4
