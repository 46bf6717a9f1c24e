#!/usr/bin/env bash
cd "$(dirname "$0")" && . ../common.bash
show ckmig plan split.ckmig ../1_save_restore/checkpoint/linear-1
show ckmig run -o "$out/two" split.ckmig ../1_save_restore/checkpoint/linear-1
show "$python" restore.py ../1_save_restore/checkpoint/linear-1 "$out/two"
