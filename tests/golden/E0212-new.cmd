# Two statements that make what no other makes, and one that makes what is kept.
printf 'ckmig 1\ndrop "dense**" because "new ones"\nkeep rest\nnew "dense*/**" = ones\nnew "**/bias" = zeros\n' > "$T/two.ckmig"
ckmig plan --onto ../data/tf1_saver/model.ckpt-100 "$T/two.ckmig" ../data/tf1_saver/model.ckpt-100
printf 'ckmig 1\nkeep rest\nnew "global_step" : i64[] = ones\n' > "$T/kept.ckmig"
ckmig plan "$T/kept.ckmig" ../data/tf1_saver/model.ckpt-100
exit 4
