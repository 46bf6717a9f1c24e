ckmig compile -q -o $T/plan compile-bert.ckmig
head -c 200 $T/plan > $T/cut
ckmig disasm $T/cut
exit 5
