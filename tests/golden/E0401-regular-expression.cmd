# Patterns that were written as regular expressions: told so, and what they are here if that matches. Names with dots are names.
cd $T; data=$OLDPWD/../data
try() { printf 'ckmig 1\ndrop %s because "not looked at"\n' "$2" > m.ckmig; ckmig plan -q m.ckmig "$data/$1" 2>&1 | grep -v '^  *|\|explain\|-->' | sed '/^error\[E0402\]/,$d'; }
for pattern in '"bert/encoder/layer_[0-9]+/(.*)"' 'rest:"^bert/.*$"' '"bert/encoder/layer_(\\d)/attention/(self|output)/.+"' \
		'"bert/(?:encoder|decoder)/layer_\\d{1,2}/[^/]+/.*"' '"bert\\/pooler\\/\\w+\\/[a-z]+"' '"bert/encoders/layer_(\\d+)/.*"' \
		'"bert.*kernel"' '"bert/(a|b"' '"layer_[^a]+"' '"(a(b|c))+"' '"\\S+"' '"^"' '"$"' '"model.*"' '"a|b"' '"{i:int}/layer_\\d+/{j:int}"'; do
	try tf1_bert_tiny/bert_model.ckpt "$pattern"
done
exit 0
