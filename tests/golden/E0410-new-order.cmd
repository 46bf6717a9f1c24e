ckmig plan E0410-new-order.ckmig ../data/tf2_keras3/adam-1
exit 4
