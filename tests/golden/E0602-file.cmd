# A plan keeps what the files were that its operators name.
c=$PWD/../data/tf1_saver/model.ckpt-100; cd $T; mkdir build
printf 'ckmig 1\nmap "dense/kernel" | take(axis=0, file="order.txt") -> "k"\nkeep rest\nslots drop because "not looked at"\n' > m.ckmig
ckmig compile m.ckmig; echo "exit $?"
printf '1\r\n0' > order.txt; ckmig compile -q -o build/m.ckplan m.ckmig; ckmig plan -q -o build/b.ckplan m.ckmig $c
ckmig run -q -o out/1 build/m.ckplan $c; echo "exit $?"
printf '0\n1\n' > order.txt
ckmig run -q -o out/2 build/m.ckplan $c; echo "exit $?"
ckmig run -q -o out/3 build/b.ckplan; echo "exit $?"
rm order.txt; ckmig run -q -o out/4 build/b.ckplan; echo "exit $?"; cmp out/1.index out/4.index; ckmig run -q -o out/5 build/m.ckplan $c
exit 2
