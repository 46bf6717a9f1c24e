#!/usr/bin/env bash
cd "$(dirname "$0")" && . ../common.bash
show "ckmig plan widen.ckmig checkpoint/narrow-1"
show "ckmig run -o out/wide-1 widen.ckmig checkpoint/narrow-1"
show_python "python restore.py checkpoint/narrow-1 out/wide-1 zeros"
show "ckmig run -o out/normal-1 widen_normal.ckmig checkpoint/narrow-1"
show_python "python restore.py checkpoint/narrow-1 out/normal-1 normal"
# The same against a fresh save of the wide model: what comes out must have its names and shapes.
show "ckmig run --onto checkpoint/fresh_wide-1 -o out/onto-1 widen.ckmig checkpoint/narrow-1"
show_python "python restore.py checkpoint/narrow-1 out/onto-1 zeros"
show_failing 4 "ckmig run --onto checkpoint/fresh_wide-1 -o out/no-1 mistake.ckmig checkpoint/narrow-1 2> said"
cat said
diff mistake.diag said
[ ! -e out/no-1.index ]
