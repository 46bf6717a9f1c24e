ckmig plan W0403-steps.ckmig ../data/tf2_legacy_adam/adam-1 > /dev/null
exit 0
