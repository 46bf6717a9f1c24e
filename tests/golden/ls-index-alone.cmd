cp ../data/tf2_keras3/adam-1.index $T/a.index
ckmig ls $T/a
exit 0
