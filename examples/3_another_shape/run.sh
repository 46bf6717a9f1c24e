#!/usr/bin/env bash
cd "$(dirname "$0")" && . ../common.bash
show ckmig plan widen.ckmig checkpoint/narrow-1
show ckmig run -o "$out/wide" widen.ckmig checkpoint/narrow-1
show "$python" restore.py checkpoint/narrow-1 "$out/wide" zeros
show ckmig run -o "$out/normal" widen_normal.ckmig checkpoint/narrow-1
show "$python" restore.py checkpoint/narrow-1 "$out/normal" normal
show ckmig run --onto checkpoint/fresh_wide-1 -o "$out/onto" widen.ckmig checkpoint/narrow-1
show "$python" restore.py checkpoint/narrow-1 "$out/onto" zeros
code=0
show ckmig plan --onto checkpoint/fresh_wide-1 mistake.ckmig checkpoint/narrow-1 || code=$?
[ "$code" = 4 ]
