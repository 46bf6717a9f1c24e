c=../data/tf1_bert_tiny; p="ckmig plan -q E0901-set.ckmig $c"
for v in rows=abc rows=7.5 rows= rows=1__0 rows=99999999999999999999 factor=x factor=0x1p3 factor=1e400 factor=-1e-400 row=1 'rows =1' rows; do $p --set "$v"; echo "exit $?"; done 2>&1 | grep -v note:
$p --set rows=1 --set rows=2; echo "exit $?"
$p --set rows=1Ki --set factor=1_000.5 --set name='new/embed'; echo "exit $?"; $p --set factor=2 --set rows=1_024
exit 0
