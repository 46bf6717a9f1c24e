t=$(mktemp -d /dev/shm/ckmig-XXXXXX); trap 'rm -r $t' EXIT; printf 'ckmig 1\nkeep rest\n' > $t/m.ckmig
ckmig run -q --data=link -o $t/quiet $t/m.ckmig ../data/tf1_saver/model.ckpt-100 && ckmig run --data=link -o $t/x $t/m.ckmig ../data/tf1_saver/model.ckpt-100 > /dev/null; s=$?; ckmig verify -q $t/x || s=$?; exit $s
exit 0
