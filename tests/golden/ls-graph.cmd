ckmig ls --graph ../data/tf2_tables/model; ckmig ls --graph ../data/tf2_legacy_adam/sgd_momentum-1; ckmig ls --graph ../data/tf2_optimizers/two-1
exit 0
