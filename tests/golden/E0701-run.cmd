mkdir "$T/out"; ckmig run -q -o "$T/out/x" E0701-run.ckmig ../data/tf1_bert_tiny/bert_model.ckpt; s=$?; ls "$T/out"; exit $s
exit 6
