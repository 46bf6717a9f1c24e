/**
 * The `.index` file: a LevelDB table as TensorFlow's fork writes it. Source: LevelDB's doc/table_format.md and
 * tensorflow/core/lib/io/{table_builder,block,format}.cc.
 */
#ifndef CK_BUNDLE_TABLE_H
#define CK_BUNDLE_TABLE_H

#include "bundle/base/diag.h"

#define CK_TABLE_MAGIC UINT64_C(0xdb4775248b80fb57)

struct ck_pair {
	struct ck_str key, value;
};

enum { CK_TABLE_FOOTER = 48 };
/* True for the last CK_TABLE_FOOTER bytes (or more) of a table. */
bool ck_table_is_footer(struct ck_str last_bytes);

/**
 * Reads every pair of a table, in order. Checks the footer, every block's bounds and checksum (the metaindex's too), restart
 * points, prefix lengths and that keys rise strictly. bytes is borrowed and must outlive the pairs when blocks are not
 * compressed; keys and values are in arena else, the list of them in scratch (which may be the same). path is for messages.
 * @errors CK_BAD_INDEX, CK_NOMEM. A V1 checkpoint is such a table too: path.h and the manifest tell it by its content.
 */
CK_NODISCARD enum ck_code ck_table_read(struct ck_str bytes, struct ck_str path, struct ck_arena *arena, struct ck_arena *scratch,
					struct ck_diags *diags, struct ck_pair **ret_pairs, size_t *ret_n_pairs);

/**
 * Appends a whole table of the pairs (sorted, distinct keys) to out: uncompressed blocks of 256 KiB, restart interval 16, empty
 * metaindex, as TensorFlow's BundleWriter makes them, so that an index of the same content has the same bytes.
 */
void ck_table_write(const struct ck_pair *pairs, size_t n_pairs, struct ck_buf *out);

#endif
