ckmig plan E0405-gap.ckmig ../data/names/names
exit 4
