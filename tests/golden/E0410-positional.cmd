ckmig plan E0410-positional.ckmig ../data/tf2_keras3/adam-1
exit 4
