ckmig plan --onto ../data/tf2_keras211/adam-1 W0403-template.ckmig ../data/tf2_legacy_adam/adam-1 > /dev/null
exit 0
