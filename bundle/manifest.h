/**
 * A checkpoint without its data: every variable with its names, dtype, shape and place. This is what migrations are bound to.
 * Reading a manifest reads the `.index`, the sizes of the data files where they are there, and the object graph's bytes.
 */
#ifndef CK_BUNDLE_MANIFEST_H
#define CK_BUNDLE_MANIFEST_H

#include "bundle/base/io.h"
#include "bundle/dtype.h"
#include "bundle/graph.h"

/* How optimizer slots are stored. The order is that of the language's table; CK_CONVENTION_NONE: no slot. */
enum ck_convention { CK_CONVENTION_NONE, CK_TF1, CK_TF2, CK_KERAS2, CK_KERAS3 };

const char *ck_convention_name(enum ck_convention convention);	/* "tf1" */

enum ck_variable_kind {
	CK_VARIABLE,	/* a variable: name-based, or an attribute VARIABLE_VALUE of a node */
	CK_ATTRIBUTE,	/* a value of another attribute (table, iterator, Python state): may only move with its node */
	CK_GRAPH,	/* the object graph itself, which is no variable */
};

struct ck_place {
	uint32_t shard;
	uint64_t offset, n_bytes;	/* in that shard's data file */
	uint32_t crc;			/* masked, as stored */
};

/* One stored part of a partitioned variable: a box of it, and the bytes of that box. */
struct ck_part {
	const uint64_t *start, *length;	/* [rank] */
	struct ck_place place;
};

struct ck_variable {
	enum ck_variable_kind kind;
	struct ck_str key;		/* as in the index */
	struct ck_str name;		/* as the language names it; of a slot the variable's name; see `slot` */
	enum ck_dtype dtype;
	struct ck_shape shape;
	struct ck_place place;
	size_t n_slices;		/* > 0: partitioned; of place only n_bytes means something then: the sum of the parts' */
	const struct ck_part *slices;	/* [n_slices], which tile the shape without holes or overlaps */

	/* Object-based only. */
	int32_t node;			/* in graph, -1: none */
	int32_t attribute;		/* number among the node's attributes */
	struct ck_str full_name;	/* what a TF1 Saver would have called it; empty: none */

	/* Set when this is a slot of another variable. */
	enum ck_convention convention;
	size_t owner;			/* index of the variable it belongs to, in ck_manifest.variables */
	struct ck_str slot;		/* common name: "m" */
	struct ck_str optimizer;	/* path of the optimizer; TF1: the suffix without its number ("Adam") */
	struct ck_str suffix;		/* TF1: what follows the variable's name, with its slash ("/Adam_1") */
	bool two_optimizers;		/* another optimizer has a slot of this name for the owner too */

	/* Values that are surely some variable's slots, but nothing tells whose: they are no slots, and not to be lost either. */
	size_t unclear_owner;		/* number of the first variable that may own it, plus 1; 0: it is no such value */
	bool has_unclear_slots;		/* may own some */
};

struct ck_manifest {
	struct ck_str path;		/* as the user wrote it */
	struct ck_str prefix;		/* PREFIX of PREFIX.index */
	uint8_t digest[CK_SHA256];	/* of the index file's bytes */
	bool has_data;			/* every data file that some variable lies in is there, and long enough */
	bool big_endian;
	bool object_based;		/* the index has an object graph */
	size_t n_shards;
	struct ck_variable *variables;	/* sorted by key, all kinds; the object graph included */
	size_t n_variables;
	uint64_t n_bytes;		/* stored bytes of all variables (kind CK_VARIABLE and CK_ATTRIBUTE) */
	struct ck_graph *graph;		/* NULL: name-based, or the graph's bytes are not at hand */
	struct ck_str graph_bytes;	/* the same, serialized, as stored */
	struct ck_map by_key;		/* key -> index */
	struct ck_map by_name;		/* name -> index (slots not included) */
	struct ck_arena *arena;		/* owns it all */
};

/**
 * Opens a checkpoint. path may be a prefix, its .index or a data file, a folder with a `checkpoint` state file, a folder with
 * one bundle, or a SavedModel. Works on an .index alone (has_data is false then and names are keys). Messages name the path as
 * written. An object graph that is there is decoded, checked (ids in range) and gives the names; slots are found.
 * Data files that are not there make it an inventory (has_data is false); one that is too short is an error.
 * @errors CK_NO_CHECKPOINT (with suggestions from the folder), CK_BAD_INDEX, CK_BAD_ENTRY, CK_BAD_SHARD, CK_BAD_CHECKSUM (of the
 *         object graph), CK_BAD_GRAPH, CK_BAD_STATE, CK_OLD_FORMAT, CK_FORMAT_NOT_AVAILABLE (for newer readers), CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_manifest_open(struct ck_str path, struct ck_diags *diags, struct ck_manifest **ret_manifest);
void ck_manifest_free(struct ck_manifest *manifest);	/* NULL is fine */

/* A variable, or the object graph, of a checkpoint that is not written. */
struct ck_stored {
	struct ck_str key;
	enum ck_dtype dtype;
	struct ck_shape shape;
	uint64_t n_bytes;
	struct ck_str name;		/* by which it was made, when that is a path: that is its name then, however many it has */
};

/**
 * The manifest that a checkpoint of these items would have once it is written and opened; without a digest, and places mean
 * nothing. items are sorted by key, graph is the serialized object graph (empty: there is none, or it is not at hand, and has_data
 * is false then). All is borrowed, and the manifest lives in arena: ck_manifest_free() is not for it.
 * @errors CK_BAD_GRAPH, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_manifest_of(struct ck_str path, const struct ck_stored *items, size_t n, struct ck_str graph,
					 struct ck_arena *arena, struct ck_diags *diags, struct ck_manifest **ret_manifest);

/* A diagnostic for the first variable that this version cannot migrate yet (partitioned strings, big-endian); CK_OK if none. */
CK_NODISCARD enum ck_code ck_manifest_supported(const struct ck_manifest *manifest, struct ck_diags *diags);

/**
 * Fills by_name and two_optimizers from the variables' names and slots. ck_manifest_open() calls it after
 * ck_manifest_find_slots(); whoever calls that again calls this again.
 */
CK_NODISCARD enum ck_code ck_manifest_index_names(struct ck_manifest *manifest, struct ck_diags *diags);

/* "x" or, for a slot, "x@m"; "x@optimizer/m" where two optimizers have one of that name. In arena. */
struct ck_str ck_variable_label(const struct ck_manifest *manifest, const struct ck_variable *variable, struct ck_arena *arena);

/**
 * Finds slots and sets convention, owner, slot, optimizer, suffix (slots.c), by the language's table: by the object graph where
 * there is one, by names otherwise. Called by ck_manifest_open(); called again with the patterns that `slot m = "{x:**}/my_m"`
 * declares: prefix and suffix are what stands before and after {x}.
 */
struct ck_slot_declaration {
	struct ck_str slot, before, after;
};
CK_NODISCARD enum ck_code ck_manifest_find_slots(struct ck_manifest *manifest, const struct ck_slot_declaration *declarations,
						 size_t n_declarations, struct ck_diags *diags);
/**
 * What the language's table of `tf1` has behind a variable's name for a slot of this optimizer ("Adam"; empty: the first); or nothing.
 * A centered RMSProp has "mg" too, and that before the momentum.
 */
struct ck_str ck_tf1_suffix(struct ck_str slot, struct ck_str optimizer, bool centered);
/**
 * The full name by which Keras 2 or 3 knows the slot of a variable with the full name `owner`; in arena.
 * n is 0 when that generation has no such slot, p NULL too when memory is short.
 */
struct ck_str ck_keras_full_name(enum ck_convention convention, struct ck_str slot, struct ck_str owner, struct ck_arena *arena);

#endif
