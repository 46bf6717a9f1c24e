mkdir $T/out; ckmig run -q -o $T/out/x E0702-two-casts.ckmig ../data/tf1_bert_tiny; s=$?; ls -A $T/out; exit $s
exit 6
