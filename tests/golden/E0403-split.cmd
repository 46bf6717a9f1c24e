ckmig plan E0403-split.ckmig ../data/names/names
exit 4
