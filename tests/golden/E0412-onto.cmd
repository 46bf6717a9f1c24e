ckmig plan --onto ../data/tf2_tables/model E0412-onto.ckmig ../data/tf2_tables/model
exit 4
