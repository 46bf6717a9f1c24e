ckmig plan E0401-full-name.ckmig ../data/tf2_module/written
exit 4
