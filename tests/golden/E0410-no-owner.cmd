ckmig plan E0410-no-owner.ckmig ../data/tf2_legacy_adam/adam-1
exit 4
