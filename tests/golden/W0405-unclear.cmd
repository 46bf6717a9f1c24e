ckmig plan W0405-unclear.ckmig ../data/tf2_optimizers/twins-1 > /dev/null
exit 0
