# Two checkpoints of the same names, and what has to be done with each to get from one to the other.
printf 'ckmig 1\ndrop rest because "others"\n' | tee "$T/old.ckmig" > "$T/new.ckmig"
while read -r name from to; do
	printf 'new "%s" : f32%s = zeros\n' "$name" "$from" >> "$T/old.ckmig"
	printf 'new "%s" : f32%s = zeros\n' "$name" "$to" >> "$T/new.ckmig"
done <<-'END'
	cut [9,4] [7,4]
	grown [7,4] [9,4]
	divided [6,5] [2,3,5]
	extra [4,1] [4]
	missing [4] [1,4]
	reversed [2,3] [3,2]
	kernel [3,3,8,16] [16,8,3,3]
	both [2,3] [4,5]
	padded [10,4] [12,4]
	l/0/w [2] [3]
	l/1/w [2] [3]
	x/one [2] [2]
	x/two [5] [6]
	half [2] [2]
END
for side in old new; do ckmig run -q --no-state -o "$T/$side" "$T/$side.ckmig" ../data/tf1_saver/model.ckpt-100 || exit 1; done
cat > "$T/try.ckmig" <<-'END'
	ckmig 1
	keep "cut"
	keep "grown"
	keep "divided"
	keep "extra"
	keep "missing"
	keep "reversed"
	keep "kernel"
	keep "both"
	map "padded" | grow(axis=0, to=11) -> same
	keep "l/{i:int}/w"
	map "half" | cast(f16) -> same
	keep rest
END
ckmig plan --onto "$T/new" "$T/try.ckmig" "$T/old"
printf 'ckmig 1\nmap "padded" | pad(axis=0, before=1, after=2) -> same\nkeep "{x:**}" where x != "padded"\n' > "$T/try.ckmig"
ckmig plan -q --format=gcc --onto "$T/new" "$T/try.ckmig" "$T/old"
printf 'ckmig 1\nmap "padded" | pad(axis=1, after=2) -> same\ndrop rest because "x"\n' > "$T/try.ckmig"
ckmig plan -q --onto "$T/new" "$T/try.ckmig" "$T/old"
exit 4
