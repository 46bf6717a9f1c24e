ckmig plan E0412-parted.ckmig ../data/tf2_tables/model
exit 4
