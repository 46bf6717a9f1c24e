ckmig plan --onto ../data/tf2_module/written E0406-target.ckmig ../data/tf2_module/written
exit 4
