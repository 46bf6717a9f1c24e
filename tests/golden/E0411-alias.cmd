ckmig plan E0411-alias.ckmig ../data/tf2_module/written
exit 4
