ckmig plan --onto ../data/tf2_checkpoint/checkpoint_modified-1 E0407-name.ckmig ../data/tf2_checkpoint/checkpoint_linear-1
exit 4
