/**
 * Writes a checkpoint atomically: data to temporary names in the target folder, synced, the index renamed last. A crash at any
 * moment leaves no index or a whole checkpoint. The layout (which variable at which offset of which shard) is decided by the
 * caller before anything is written, so that parts may be written in any order and by several threads.
 */
#ifndef CK_BUNDLE_WRITER_H
#define CK_BUNDLE_WRITER_H

#include "bundle/manifest.h"

struct ck_writer_options {
	bool force;		/* replace an existing output, at the end */
	bool sync;		/* fsync files and folder before the index gets its name */
	size_t n_shards;
	const uint64_t *shard_sizes;	/* [n_shards] bytes */
};

struct ck_writer;

/**
 * Starts writing prefix.index and prefix.data-SSSSS-of-NNNNN. Makes the folder when it is not there.
 * @errors CK_OUTPUT_EXISTS (unless force), CK_BAD_TARGET_NAME (prefix ends in a slash), CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_writer_open(struct ck_str prefix, const struct ck_writer_options *options, struct ck_diags *diags,
					 struct ck_writer **ret_writer);
/* Writes bytes into a shard; thread-safe. */
CK_NODISCARD enum ck_code ck_writer_put(struct ck_writer *writer, uint32_t shard, uint64_t offset, const void *bytes, size_t n,
					struct ck_diags *diags);
int ck_writer_fd(const struct ck_writer *writer, uint32_t shard);	/* to copy or re-read ranges */

struct ck_writer_entry {
	struct ck_str key;
	enum ck_dtype dtype;
	struct ck_shape shape;
	struct ck_place place;		/* crc masked */
};

/**
 * Gives the output its name: writes the index of the entries (sorted here by key), syncs, renames data files, then the index,
 * syncs the folder, removes data files of a replaced output. digest is the new index's SHA-256.
 */
CK_NODISCARD enum ck_code ck_writer_commit(struct ck_writer *writer, const struct ck_writer_entry *entries, size_t n_entries,
					   struct ck_diags *diags, uint8_t ret_digest[CK_SHA256]);
/* Removes what was not committed and frees. Safe after a commit and on NULL. */
void ck_writer_close(struct ck_writer *writer);
/* Removes the temporary files of every open writer; async-signal-safe, for SIGINT and SIGTERM handlers. */
void ck_writer_abandon_all(void);

#endif
