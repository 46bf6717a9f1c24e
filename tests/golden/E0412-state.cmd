ckmig plan E0412-state.ckmig ../data/tf2_tables/model
exit 4
