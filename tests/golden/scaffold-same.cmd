for source in ../data/tf1_bert_tiny/bert_model.ckpt ../data/tf2_keras3/adam_ema-1 ../data/tf2_tables/model ../data/tf2_module/saved-1 ../data/names/names ../data/savedmodel; do
	ckmig scaffold --onto $source $source > "$T/made.ckmig"
	grep -v '^#' "$T/made.ckmig"
	ckmig plan -q --onto $source "$T/made.ckmig" $source || exit 1
done
exit 0
