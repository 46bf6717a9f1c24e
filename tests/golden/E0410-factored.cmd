ckmig plan E0410-factored.ckmig ../data/tf2_optimizers/factored-1
exit 4
