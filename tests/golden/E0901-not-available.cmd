ckmig diff a b; ckmig fmt a; ckmig compile a b; ckmig run -o out a b c
exit 2
