c=$PWD/../data/tf1_saver/model.ckpt-100; cd $T; printf 'ckmig 1\nmap "dense/kernel" | take(axis=0, file="order.txt") -> "k"\nkeep rest\nslots drop because "not looked at"\n' > m.ckmig
for text in '0\n+1' '0\n\n1\n' '1.0' '99' ''; do printf "$text" > order.txt; ckmig plan -q m.ckmig $c; echo "exit $?"; done
exit 0
