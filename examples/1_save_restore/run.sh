#!/usr/bin/env bash
cd "$(dirname "$0")" && . ../common.bash
show ckmig plan keep.ckmig checkpoint/linear-1
show ckmig run -o "$out/kept" keep.ckmig checkpoint/linear-1
show "$python" restore.py checkpoint/linear-1 "$out/kept"
