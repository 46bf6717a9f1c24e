# The member that does not fit is named, whatever its number.
printf 'ckmig 1\nmap "bert/encoder/layer_0/{x:**}/bias" | stack(axis=0, over=x) -> "biases"\ndrop rest because "others"\n' > "$T/m.ckmig"
ckmig plan -q "$T/m.ckmig" ../data/tf1_bert_tiny
exit 4
