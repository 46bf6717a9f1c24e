# What is wrong with several files on a command line, and what is found in a later one.
K="ckmig 1"; M=../data/tf1_saver/model.ckpt-100
printf "$K"'\nmap "dense/kernel" -> "w"\nkeep rest\n' > "$T/a.ckmig"
printf "$K"'\nmap "dense/kernel" -> "v"\nkeep rest\n' > "$T/b.ckmig"
printf "$K"'\nmap "w" | grow(axis=0, to=9, with=template) -> "w"\nkeep rest\n' > "$T/onto.ckmig"
printf "$K"'\nkeep rest\ncheck count("**") == 3\n' > "$T/check.ckmig"
printf "$K"'\nkeep reest\n' > "$T/bad.ckmig"
ckmig plan -o "$T/bound.ckplan" -q "$T/a.ckmig" $M
ckmig plan "$T/a.ckmig" "$T/b.ckmig" $M
ckmig plan "$T/a.ckmig" "$T/onto.ckmig" "$T/b.ckmig" $M --onto $M
ckmig plan "$T/a.ckmig" "$T/check.ckmig" "$T/a.ckmig" $M
ckmig compile "$T/bad.ckmig" "$T/bad.ckmig"
ckmig run -o "$T/out" "$T/bound.ckplan" "$T/a.ckmig" $M
ckmig plan "$T/a.ckmig" "$T/b.ckmig"
ckmig compile - "$T/a.ckmig" - < "$T/a.ckmig"
ckmig plan --set rate=1 --input teacher=x "$T/a.ckmig" "$T/a.ckmig" $M
ckmig plan --set rate=1 "$T/a.ckmig" "$T/a.ckmig" $M
ckmig compile -o "$T/b.ckmig" "$T/a.ckmig" "$T/b.ckmig" --force; ls "$T"
exit 0
