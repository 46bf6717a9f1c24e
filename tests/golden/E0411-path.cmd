ckmig plan E0411-path.ckmig ../data/tf2_module/written
exit 4
