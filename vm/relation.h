/* Keys of rows, for vm/relation.c and vm/join.c only. */
#ifndef CK_VM_RELATION_H
#define CK_VM_RELATION_H

#include "vm/bind_internal.h"

/* Some locals of a row. */
struct ck_key {
	const struct ck_unit *unit;
	size_t *locals, n_locals;
};

uint64_t ck_key_hash(const struct ck_key *key, const struct ck_row *row);
bool ck_key_equal(const struct ck_key *key, const struct ck_row *a, const struct ck_row *b);

/* Rows by the hash of their key, chained; in the binder's arena. */
struct ck_row_table {
	size_t *heads, n_heads;		/* 1 + row; 0: none */
	size_t *next;
};

bool ck_row_table_init(struct ck_binder *binder, struct ck_row_table *table, size_t n_rows);
void ck_row_table_put(struct ck_row_table *table, uint64_t hash, size_t row);

/* The bindings of both; a dimension bound in both has one size, else a message about insn. NULL when memory is short. */
struct ck_binding *ck_bindings_merge(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_binding *a,
				     const struct ck_binding *b);

#endif
