ckmig ls ../data/corrupt/block_bit_flip/x
exit 2
