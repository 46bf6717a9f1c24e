ckmig scaffold --json --onto ../data/tf2_checkpoint/checkpoint_modified-1 ../data/tf2_checkpoint/checkpoint_linear-1
exit 0
