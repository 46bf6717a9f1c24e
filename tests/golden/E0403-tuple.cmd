ckmig plan E0403-tuple.ckmig ../data/names/names
exit 4
