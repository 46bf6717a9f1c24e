for n in $(ckmig ls ../data/dtypes | cut -f 1); do ckmig show ../data/dtypes $n; echo; done
exit 0
