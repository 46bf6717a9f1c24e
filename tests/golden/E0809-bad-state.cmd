mkdir $T/d
echo "model_checkpoint_path: 7" > $T/d/checkpoint
ckmig ls $T/d
exit 2
