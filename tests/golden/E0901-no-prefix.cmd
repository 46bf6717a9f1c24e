printf 'ckmig 1\nkeep rest\n' > $T/m.ckmig; c=$PWD/../data/tf1_saver/model.ckpt-100; cd $T; mkdir folder
for o in - '' . folder folder/ m.ckmig/x x.index x.data-00000-of-00001 "$(printf 'a%.0s' {1..240})"; do ckmig run -q -o "$o" m.ckmig $c; echo "exit $?"; done; ls -A
exit 0
