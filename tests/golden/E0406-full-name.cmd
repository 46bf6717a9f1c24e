ckmig plan E0406-full-name.ckmig ../data/tf2_module/written
exit 4
