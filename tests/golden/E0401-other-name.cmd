ckmig plan E0401-other-name.ckmig ../data/tf2_keras3/adam-1
exit 4
