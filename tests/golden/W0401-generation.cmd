ckmig plan W0401-generation.ckmig ../data/tf2_keras211/adam-1 > /dev/null
exit 0
