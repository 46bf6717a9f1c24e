#!/usr/bin/env bash
cd "$(dirname "$0")" && . ../common.bash
show "ckmig plan bert.ckmig checkpoint/bert_model.ckpt"
show "ckmig run -o out/bert bert.ckmig checkpoint/bert_model.ckpt"
show_python "python restore.py checkpoint/bert_model.ckpt out/bert"
