cd "$T" && cp -r "$OLDPWD/../data/savedmodel" old && mkdir old/assets.extra && echo note > old/assets.extra/note
printf 'ckmig 1\nmap "w" | scale(2.0) -> same\nkeep rest\n' > double.ckmig
ckmig plan double.ckmig old || exit 1
ckmig run -v --jobs 1 -o new double.ckmig old | sed 's/in [0-9.]* s/in S s/' && find . -path ./old -prune -o -type f -print | sort
ckmig verify new.report.json new
cmp old/saved_model.pb new/saved_model.pb && ckmig show new w
ckmig run -q --force -o new double.ckmig new
echo "a source: exit $?"
ckmig run -q --force -o new double.ckmig old && ckmig run -q -o new double.ckmig old
exit 7
