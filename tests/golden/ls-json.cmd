ckmig ls --json --slots ../data/tf2_legacy_adam/sgd_momentum-1; ckmig ls --json --graph ../data/tf2_module/written
exit 0
