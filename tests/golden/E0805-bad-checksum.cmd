ckmig verify ../data/corrupt/data_bit_flip/x
exit 2
