# A value that overflows in the first of several migrations: the message shows that one's text.
printf 'ckmig 1\nmap "dense/kernel" | scale(1e9) | cast(f16) -> "w"\nslots drop because "not now"\nkeep rest\n' > "$T/first.ckmig"
printf 'ckmig 1\nmap ("w", "w") | concat(axis=0) -> "ww"\nkeep rest\n' > "$T/second.ckmig"
ckmig run -q -o "$T/out" "$T/first.ckmig" "$T/second.ckmig" ../data/tf1_saver/model.ckpt-100
exit 6
