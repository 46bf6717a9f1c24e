for onto in tf2_keras3/adam-1 tf2_keras211/adamw-1 tf2_legacy_adam/sgd_momentum-1; do
	echo "# ==== tf2_keras3/compiled-1 onto $onto"
	ckmig scaffold --onto ../data/$onto ../data/tf2_keras3/compiled-1 | tee "$T/made.ckmig"
	ckmig plan -q --onto ../data/$onto "$T/made.ckmig" ../data/tf2_keras3/compiled-1 || exit 1
done
echo "# ==== tf2_legacy_adam/adam-1 onto tf2_keras3/adam-1"
ckmig scaffold --onto ../data/tf2_keras3/adam-1 ../data/tf2_legacy_adam/adam-1 | tee "$T/made.ckmig"
ckmig plan -q --onto ../data/tf2_keras3/adam-1 "$T/made.ckmig" ../data/tf2_legacy_adam/adam-1
exit 0
