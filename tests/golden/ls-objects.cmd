ckmig ls --slots ../data/tf2_keras3/adam-1; ckmig ls --graph ../data/tf2_keras3/adam-1; ckmig ls ../data/tf2_keras3/adam-1 'full:*' 'path:optimizer/_trainable_variables/0'
exit 0
