ckmig explain transpoes
exit 2
