ckmig ls ../data/corrupt/dims_overflow/x
exit 2
