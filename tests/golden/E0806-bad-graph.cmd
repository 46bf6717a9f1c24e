ckmig ls ../data/corrupt/graph_child_out_of_range/x
exit 2
