# What people write who know another language: each line is the second of a file, with `keep rest` behind it.
set -- 'map dense/kernel -> "k"' 'map "a" -> dense/k' 'map f"layer_{i:int}/w" -> "k"' 'map np.transpose("a") -> "k"' 'map "a" | np.transpose -> "k"' \
	'map "a".T -> "k"' 'map transpose("a") -> "k"' '"k" = "a"' 'map "k" <- "a"' 'map: "a" -> "k"' 'map "a -> "k"' 'map "a" |> transpose -> "k"' \
	'map "a" | "transpose" -> "k"' 'map "a" | reshape((4, 5)) -> "k"' 'map "a" | astype(bf16) -> "k"' 'map "a" | softmax(axis=-1) -> "k"' \
	'new "k" : f32[3] = 0' 'rename "a" -> "k"' 'delete "a"' 'for i in range(3):' 'map "a" => "k";' 'MAP "a" -> "k"' 'let map = 3' \
	"map 'a' -> 'k'" 'map “a” → “k”' '// a comment' 'import "base.ckmig"'
i=0; for line; do i=$((i + 1)); printf 'ckmig 1\n%s\nkeep rest\n' "$line" > $T/$i.ckmig; (cd $T && ckmig compile -o x.ckplan --force $i.ckmig); echo "$i: exit $?"; done
ls $T | grep ckplan
exit 1
