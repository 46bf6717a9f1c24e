#!/usr/bin/env bash
cd "$(dirname "$0")" && . ../common.bash
show "ckmig ls --graph ../1_save_restore/checkpoint/linear-1"
show "ckmig plan split.ckmig ../1_save_restore/checkpoint/linear-1"
show "ckmig run -o out/two-1 split.ckmig ../1_save_restore/checkpoint/linear-1"
show_python "python restore.py ../1_save_restore/checkpoint/linear-1 out/two-1"
show "ckmig run --onto checkpoint/fresh_two-1 -o out/carried-1 carry.ckmig ../1_save_restore/checkpoint/linear-1"
show_python "python restore.py ../1_save_restore/checkpoint/linear-1 out/carried-1 with_optimizer"
