# Names may be given as they are printed.
c=../data/names/names
ckmig ls $c | cut -f 1 | while IFS= read -r n; do ckmig show -- "$c" "$n" > $T/shown && head -n 1 $T/shown | cmp - <(printf '%s\n' "$n"); done
ckmig ls $c | grep '\\' | head -n 3
exit 0
