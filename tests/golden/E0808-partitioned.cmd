ckmig show ../data/slices/slices dtype/string
exit 2
