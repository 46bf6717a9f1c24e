ckmig plan W0401-counters.ckmig ../data/tf2_legacy_adam/adam-1 > /dev/null
exit 0
