#!/usr/bin/env bash
# What `make demo` shows: a real migration, planned, run, and looked at. Needs no TensorFlow.
cd "$(dirname "$0")/4_bert" && . ../common.bash
show cat bert.ckmig
show ckmig plan bert.ckmig checkpoint/bert_model.ckpt
show ckmig run -o "$out/bert" bert.ckmig checkpoint/bert_model.ckpt
show ckmig ls "$out/bert" "encoder/0/**" "embed/*"
show ckmig show "$out/bert" encoder/0/attention/qkv/bias
show ckmig verify "$out/bert.report.json" "$out/bert"
