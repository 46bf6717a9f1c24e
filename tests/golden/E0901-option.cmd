ckmig run --mem 3 --jobs 0 --color=foo --verify=roundtrip --data link -o x y z
exit 2
