printf "ckmig 1\nslots drop because \"never built\"\nkeep \"dense/bias\"\ndrop rest because \"an example\"\n" > "$T/fresh.ckmig"; ckmig run -q -o "$T/fresh" "$T/fresh.ckmig" ../data/tf1_saver/model.ckpt-200 && ckmig plan --onto "$T/fresh" E0407-not-built.ckmig ../data/tf2_keras211/adam-1
exit 4
