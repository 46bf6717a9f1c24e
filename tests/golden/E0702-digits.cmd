# Integers are told in full, doubles with the digits that tell them from their neighbours.
for cast in 'i64[2] | cast(i32)' 'f64[2] | cast(f8e4m3fn)'; do
	printf 'ckmig 1\ndrop rest because "others"\nmap const(%s) : %s -> "x"\n' "$([[ $cast = i* ]] && echo 9007199254740993 || echo 464.00000000000006)" "$cast" > "$T/m.ckmig"
	ckmig run -q --no-state -o "$T/x" "$T/m.ckmig" ../data/tf1_saver/model.ckpt-100
done
exit 6
