/* One entry of the index, decoded and bounded; inside bundle/ only. */
#ifndef CK_BUNDLE_ENTRY_H
#define CK_BUNDLE_ENTRY_H

#include "bundle/manifest.h"
#include "bundle/table.h"

/* What decoding the entries of one index has in common. */
struct ck_entry_reader {
	struct ck_str path;		/* of the index, for messages */
	uint32_t n_shards;
	struct ck_arena *arena;		/* of what is kept */
	struct ck_arena *scratch;	/* of messages on their way; made anew now and then */
	struct ck_diags *diags;
};

void ck_entry_reader_clear(struct ck_entry_reader *reader);

/* The key (escaped) and what is wrong with its entry: adds CK_BAD_ENTRY and returns it. */
CK_PRINTF(3, 4) enum ck_code ck_entry_error(const struct ck_entry_reader *reader, struct ck_str key, const char *format, ...);

/* What an index entry may hold. Extents of parts are checked against the shape; where their bytes lie is not known here. */
struct ck_entry {
	enum ck_dtype dtype;
	struct ck_shape shape;
	struct ck_place place;
	size_t n_slices;
	struct ck_part *slices;
	bool *is_full;			/* [n_slices * rank] the extent is stored as "all of this axis" */
};

/**
 * Decodes a BundleEntryProto: dtype of data, rank and dimensions in range, shard below n_shards, offset + size below 2^63, size
 * as dtype and shape demand.
 * @errors CK_BAD_ENTRY, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_entry_decode(struct ck_entry_reader *reader, struct ck_pair pair, struct ck_entry *ret_entry);

struct ck_header {
	uint32_t n_shards;
	bool big_endian;
};

/* @errors CK_BAD_INDEX, CK_OLD_FORMAT (a V1 checkpoint), CK_FORMAT_NOT_AVAILABLE (made for other readers), CK_NOMEM */
CK_NODISCARD enum ck_code ck_header_decode(struct ck_entry_reader *reader, struct ck_str value, struct ck_header *ret_header);

/**
 * Finds the bytes of a partitioned variable's parts: each has an entry of its own, under an ordered-code key made of name and
 * extents, of the same dtype and of the extents' shape; together they tile the variable.
 * is_used[i] is set for each pair that is a part.
 * @source   tensorflow/core/util/saved_tensor_slice_util.cc, tensorflow/core/lib/strings/ordered_code.cc
 */
CK_NODISCARD enum ck_code ck_entry_find_parts(struct ck_entry_reader *reader, struct ck_str key, struct ck_entry *entry,
					      const struct ck_pair *pairs, size_t n_pairs, bool *is_used);
/* Appends the key of a part. is_full as in struct ck_entry. */
void ck_part_key(struct ck_buf *out, struct ck_str key, size_t rank, const struct ck_part *part, const bool *is_full);

/* Which bytes of which shard a key's variable (or part of one) takes. */
struct ck_extent {
	struct ck_place place;
	struct ck_str key;
};

/* Checks that no two extents share bytes, unless all of them; sorts them by place. @errors CK_BAD_ENTRY */
CK_NODISCARD enum ck_code ck_extents_check(struct ck_entry_reader *reader, struct ck_extent *extents, size_t n);

/**
 * Looks at the data files that the n sorted extents lie in: *ret_has_data when all are there. One that is there and too short is an
 * error. (shards.c)
 * @errors CK_BAD_SHARD, CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_shards_look(const struct ck_manifest *manifest, const struct ck_extent *extents, size_t n,
					 struct ck_diags *diags, bool *ret_has_data);
/* Adds the error that a data file has too few bytes for key; returns CK_BAD_SHARD. */
enum ck_code ck_shards_short(const struct ck_manifest *manifest, uint32_t shard, uint64_t n_bytes, struct ck_str key,
			     struct ck_diags *diags);

#endif
