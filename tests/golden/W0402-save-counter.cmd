ckmig plan W0402-save-counter.ckmig ../data/tf2_legacy_adam/adam-1 > /dev/null
exit 0
