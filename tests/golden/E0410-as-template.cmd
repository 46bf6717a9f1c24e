ckmig plan --onto ../data/tf2_keras211/adam-1 E0410-as-template.ckmig ../data/tf2_keras211/adam-1
exit 4
