# A slash too many: no object has a child without a name. Names of a name-based target may have one.
for name in /a a/ a//b // //a/b /; do
	printf 'ckmig 1\ntarget objects\nslots drop because "not looked at"\nkeep rest\nmap "dense/kernel" -> "%s"\n' "$name" > "$T/m.ckmig"
	ckmig plan -q "$T/m.ckmig" ../data/tf1_saver/model.ckpt-100; echo "$name: exit $?"
done
printf 'ckmig 1\ntarget objects\nslots drop because "not looked at"\nkeep rest\nalias "second/" = "dense/bias"\n' > "$T/m.ckmig"
ckmig plan -q "$T/m.ckmig" ../data/tf1_saver/model.ckpt-100; echo "alias: exit $?"
sed -i 's/objects/names/; s/^alias.*/map "dense\/kernel" -> "\/a"/' "$T/m.ckmig"
ckmig plan -q "$T/m.ckmig" ../data/tf1_saver/model.ckpt-100; echo "names: exit $?"
exit 0
