ckmig run --mem 3 --jobs 0 --color=foo --verify=roundtrip --data link -o x y z; s=$?; ckmig run --out=x a b; ckmig verify --verbose a; exit $s
exit 2
