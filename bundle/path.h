/* What people write for a checkpoint, and the names of its files. */
#ifndef CK_BUNDLE_PATH_H
#define CK_BUNDLE_PATH_H

#include "bundle/base/io.h"

/**
 * The prefix of the checkpoint that path means: a prefix, its .index, one of its data files, a folder with a `checkpoint` state
 * file (its latest one), a SavedModel (or its variables folder), a folder with one bundle. A folder with several and no state
 * file is an error that lists them. *ret_prefix is in arena, with a NUL after it; its .index was there.
 * @errors CK_NO_CHECKPOINT (with suggestions), CK_OLD_FORMAT (V1, HDF5, zip), CK_BAD_STATE, CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_path_resolve(struct ck_str path, struct ck_arena *arena, struct ck_diags *diags, struct ck_str *ret_prefix);

/* "PREFIX.index" and "PREFIX.data-00003-of-00016" in arena, with a NUL after them; p is NULL when memory is short. */
struct ck_str ck_path_index(struct ck_arena *arena, struct ck_str prefix);
struct ck_str ck_path_data(struct ck_arena *arena, struct ck_str prefix, uint32_t shard, size_t n_shards);
/* True for the name of a data file; its prefix. */
bool ck_path_is_data(struct ck_str path, struct ck_str *ret_prefix);

/* Adds the error that path is a V1 checkpoint, and what to do; returns CK_OLD_FORMAT. */
enum ck_code ck_path_old_format(struct ck_str path, struct ck_diags *diags);

#endif
