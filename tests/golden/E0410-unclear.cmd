ckmig plan E0410-unclear.ckmig ../data/tf2_optimizers/twins-1
exit 4
