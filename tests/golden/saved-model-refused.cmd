try() {
	printf 'ckmig 1\n%s\nkeep rest\n' "$1" > "$T/try.ckmig"
	shift
	ckmig run -o "$T/new" "$@" "$T/try.ckmig" ../data/savedmodel
	echo "exit $?"
}
try 'map "w" -> "weight"'
try 'map "w" | transpose -> same'
try 'map "b" | cast(f16) -> same'
try 'drop "calls" because "not counted any more"'
try 'new "more" : f32[2] = zeros'
try 'check max("calls") < 0' -q
try '' --report "$T/new/report.json"
ckmig run -o ../data/savedmodel/inside "$T/try.ckmig" ../data/savedmodel
echo "inside: exit $?"
mkdir "$T/new" && touch "$T/new/precious"
try '' --force
ls "$T"
exit 0
