ckmig ls ../data
exit 2
