# Files that other programs wrote, by their first bytes; and a migration that is none.
cd $T; printf '\211HDF\r\n\032\n' > model.h5; printf 'PK\3\4....................xxxxxxarchive/data.pkl' > model.pt; printf 'PK\3\4....................xxxxxxarr_0.npy' > a.npz
printf 'PK\3\4....................xxxxxxmetadata.json' > model.keras; printf '\223NUMPY\1\0' > a.npy; printf '\200\4\225' > a.pkl; printf '\20\0\0\0\0\0\0\0{"a":{}}' > a.safetensors; echo text > notes
for f in model.h5 model.pt a.npz model.keras a.npy a.pkl a.safetensors notes gs://bucket/model/ckpt .; do ckmig ls $f; echo "exit $?"; done
printf 'ckmig 1\nkeep rest\n' > m.ckmig; c=$OLDPWD/../data/tf1_saver/model.ckpt-100
for f in a.safetensors $OLDPWD/../data/savedmodel/variables/variables.data-00000-of-00001; do ckmig plan - $c < $f; echo "exit $?"; done
ckmig run -o m.ckmig/x m.ckmig $c; echo "exit $?"; ckmig run -o /proc/x m.ckmig $c
exit 2
