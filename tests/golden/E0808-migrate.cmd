ckmig plan E0808-migrate.ckmig ../data/slices/slices
exit 2
