ckmig diff a b; ckmig fmt a
exit 2
