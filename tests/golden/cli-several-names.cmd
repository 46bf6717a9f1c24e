# The next migration reads a variable under the name that the one before gave it, however many paths lead there.
printf 'ckmig 1\nmap "model/layer_with_weights-{i:int}/**" -> "net/block_{i}/**"\nkeep rest\n' > "$T/a.ckmig"
printf 'ckmig 1\nmap "net/block_{i:int}/kernel" | transpose -> same\ndrop path:"model/layer-1/bias" because "by another path"\nkeep rest\n' > "$T/b.ckmig"
ckmig plan "$T/a.ckmig" "$T/b.ckmig" ../data/tf2_legacy_adam/adam-1
ckmig run -q -o "$T/out" "$T/a.ckmig" "$T/b.ckmig" ../data/tf2_legacy_adam/adam-1; ckmig ls --graph "$T/out"
exit 0
