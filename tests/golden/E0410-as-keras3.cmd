ckmig plan E0410-as-keras3.ckmig ../data/tf2_legacy_adam/adam-1
exit 4
