/**
 * Writes a checkpoint atomically: data to temporary names in the target folder, synced, the index renamed last. A crash at any
 * moment leaves no index or a whole checkpoint. The layout (which variable at which offset of which shard) is decided by the
 * caller before anything is written, so that parts may be written in any order and by several threads.
 */
#ifndef CK_BUNDLE_WRITER_H
#define CK_BUNDLE_WRITER_H

#include "bundle/companion.h"
#include "bundle/manifest.h"

/* How a shard becomes what a source's shard is. */
enum ck_link_how {
	CK_LINK_HARD,		/* another name of the same file */
	CK_LINK_CLONE,		/* a file of its own that shares its blocks, where the file system can */
	CK_LINK_COPY,		/* a file of its own */
};

struct ck_writer_options {
	bool force;		/* replace an existing output, at the end */
	bool sync;		/* fsync files and folder before the index gets its name */
	size_t n_shards;
	const uint64_t *shard_sizes;	/* [n_shards] bytes */
	/* [n_shards] paths of files that become these shards, unchanged; empty ones are written. NULL: none. */
	const struct ck_str *links;
	enum ck_link_how link_how;
};

struct ck_writer;

/* Whether files can be linked (or cloned) from a path into the folder of prefix, by trying. False also where nothing can be written. */
bool ck_writer_can_link(const char *from, struct ck_str prefix, enum ck_link_how how, struct ck_arena *arena);

/**
 * Starts writing prefix.index and prefix.data-SSSSS-of-NNNNN, all of them under temporary names beside their own. Makes the
 * folder when it is not there. Data files of a save that left no index count as an existing output.
 * @errors CK_OUTPUT_EXISTS (unless force), CK_BAD_TARGET_NAME (prefix is empty or ends in a slash), CK_IO (a link that cannot be
 *         made too: another file system), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_writer_open(struct ck_str prefix, const struct ck_writer_options *options, struct ck_diags *diags,
					 struct ck_writer **ret_writer);
/* Writes bytes into a shard that is no link, within its size (both CK_ASSERTed); thread-safe. */
CK_NODISCARD enum ck_code ck_writer_put(struct ck_writer *writer, uint32_t shard, uint64_t offset, const void *bytes, size_t n,
					struct ck_diags *diags);
int ck_writer_fd(const struct ck_writer *writer, uint32_t shard);	/* to copy or re-read ranges; of a link only to read */

struct ck_writer_entry {
	struct ck_str key;
	enum ck_dtype dtype;
	struct ck_shape shape;
	struct ck_place place;		/* crc masked */
};

/* The bytes of an index of these entries (any order), as TensorFlow writes them. @errors CK_BAD_TARGET_NAME, CK_NOMEM */
CK_NODISCARD enum ck_code ck_index_encode(const struct ck_writer_entry *entries, size_t n_entries, size_t n_shards, struct ck_buf *out,
					  struct ck_diags *diags);

/**
 * Writes the index of the entries (sorted here by key, which must differ) under its temporary name, and syncs all files. Once,
 * before ck_writer_commit(). digest is the index's SHA-256.
 * @errors CK_IO, CK_NOMEM, CK_BAD_TARGET_NAME (two entries of one key, or an empty key)
 */
CK_NODISCARD enum ck_code ck_writer_index(struct ck_writer *writer, const struct ck_writer_entry *entries, size_t n_entries,
					  struct ck_diags *diags, uint8_t ret_digest[CK_SHA256]);
/**
 * Gives the output its name: moves a replaced output aside (its index first), renames the data files, then the index, syncs the
 * folder, removes what was replaced. A companion (NULL: none) goes with it, in any folder, which is made if need be. When a step
 * fails all are undone, and a replaced output is back with its companion.
 * @errors CK_IO, CK_NOMEM, CK_OUTPUT_EXISTS
 */
CK_NODISCARD enum ck_code ck_writer_commit(struct ck_writer *writer, const struct ck_companion *companion, struct ck_diags *diags);
/* Removes what was not committed, folders that were made for it too, and frees. Safe after a commit and on NULL. */
void ck_writer_close(struct ck_writer *writer);
/* Does the same for the files of every open writer, without freeing; async-signal-safe, for SIGINT and SIGTERM handlers. */
void ck_writer_abandon_all(void);

#endif
