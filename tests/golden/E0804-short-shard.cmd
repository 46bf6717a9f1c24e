ckmig ls ../data/corrupt/data_cut_short/x
exit 2
