cp ../data/tf1_saver/model.ckpt-100.* $T; cd $T; printf 'ckmig 1\nkeep rest\n' > m.ckmig; sha256sum model.* m.ckmig > sums
ln model.ckpt-100.data-00000-of-00001 hard; ln -s model.ckpt-100.data-00000-of-00001 soft
for f in model.ckpt-100.data-00000-of-00001 model.ckpt-100.index hard soft m.ckmig; do
  ckmig run -q --force --report $f -o out/x m.ckmig model.ckpt-100; echo "run $?"
  ckmig plan -q --force -o $f m.ckmig model.ckpt-100; echo "plan $?"
done 2> /dev/null
for f in model.ckpt-100.data-00000-of-00001 model.ckpt-100.index hard soft; do ckmig show --force --npy $f model.ckpt-100 global_step; echo "show $?"; done
sha256sum --quiet -c sums; ls -A
exit 0
