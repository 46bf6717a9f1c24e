ckmig ls ../data/names | cut -c 1-120
exit 0
