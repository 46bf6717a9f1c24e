ckmig plan E0406-paths.ckmig ../data/tf2_module/written
exit 4
