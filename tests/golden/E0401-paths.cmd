# Paths that lead through an optimizer are found first; names are paths too, and are told and suggested.
printf 'ckmig 1\nmap path:"modle/_functional/_operations/1/_kernel" -> same\nkeep rest\n' > "$T/m.ckmig"
ckmig plan -q "$T/m.ckmig" ../data/tf2_keras34/adam-1
exit 4
