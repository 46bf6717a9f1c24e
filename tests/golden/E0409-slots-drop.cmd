cp ../data/tf2_keras3/adam-1.index "$T"; ckmig plan E0409-slots-drop.ckmig "$T/adam-1"
exit 4
