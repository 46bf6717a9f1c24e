ckmig plan E0411-alias-spelling.ckmig ../data/tf2_module/written
exit 4
