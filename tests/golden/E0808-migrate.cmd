ckmig plan E0808-migrate.ckmig ../data/tf1_partitioned/model.ckpt
exit 2
