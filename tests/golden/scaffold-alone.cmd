for source in ../data/tf1_bert_tiny/bert_model.ckpt ../data/tf2_keras3/adam-1 ../data/tf2_tables/model; do
	ckmig scaffold $source | tee "$T/made.ckmig"
	ckmig plan -q "$T/made.ckmig" $source || exit 1
done
exit 0
