cp ../data/tf1_saver/model.ckpt-100.* compile-bert.ckmig $T
ln -s model.ckpt-100.index $T/link.index
for out in model.ckpt-100 ./model.ckpt-100 model.ckpt-100.index model.ckpt-100.data-00000-of-00001 link; do
  ckmig -C $T run --force -o $out compile-bert.ckmig model.ckpt-100 || echo "exit $?"
done
cd $T && sha256sum --quiet -c <<< "$(cd $OLDPWD/../data/tf1_saver && sha256sum model.ckpt-100.*)"
ckmig compile --force -o compile-bert.ckmig compile-bert.ckmig
exit 7
