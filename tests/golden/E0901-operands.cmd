ckmig plan; ckmig show a; ckmig explain a b
exit 2
