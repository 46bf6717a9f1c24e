ckmig pln a b
exit 2
