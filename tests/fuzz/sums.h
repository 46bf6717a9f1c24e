/*
 * Checksums made true again, so that what they protect is looked at: a table's blocks, entries of an index. A byte that is changed
 * would else be found by its checksum alone, and nothing behind that would ever be tried.
 */
#ifndef CK_TESTS_FUZZ_SUMS_H
#define CK_TESTS_FUZZ_SUMS_H

#include "bundle/base/str.h"

/* The checksums of all blocks that can be found from the footer. */
void sums_mend_table(char *table, size_t n);

/* Appends an entry with the checksum that its bytes in the shards have; as it is where it lies in none, or is no entry. */
void sums_mend_entry(struct ck_str value, const struct ck_str *shards, size_t n_shards, struct ck_buf *out);

#endif
