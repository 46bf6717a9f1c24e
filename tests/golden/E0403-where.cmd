ckmig plan E0403-where.ckmig ../data/names/names
exit 4
