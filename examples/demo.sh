#!/usr/bin/env bash
# What `make demo` shows: the main job on a small BERT that TensorFlow saved. Needs no TensorFlow itself.
cd "$(dirname "$0")/4_bert" && . ../common.bash
echo "A BERT checkpoint has query, key and value apart; the new program wants them as one, and every kernel the other way round."
show "ckmig ls checkpoint/bert_model.ckpt 'bert/encoder/layer_0/attention/self/*/kernel'"
show "sed -n '8,13p' bert.ckmig"
echo
echo "A misspelt name is found before any data is read:"
show_failing 4 "sed 's|self/key/kernel|self/keys/kernel|' bert.ckmig | ckmig plan - checkpoint/bert_model.ckpt"
echo
echo "As it should be; Adam's moments, @m and @v, follow their variables:"
show "ckmig run -o out/bert bert.ckmig checkpoint/bert_model.ckpt"
show "ckmig verify out/bert.report.json out/bert"
show "ckmig ls out/bert 'encoder/0/attention/qkv/weight' 'encoder/0/attention/qkv/weight@*'"
