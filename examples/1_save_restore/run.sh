#!/usr/bin/env bash
cd "$(dirname "$0")" && . ../common.bash
show "ckmig plan keep.ckmig checkpoint/linear-1"
show "ckmig run -o out/kept-1 keep.ckmig checkpoint/linear-1"
show_python "python restore.py checkpoint/linear-1 out/kept-1"
