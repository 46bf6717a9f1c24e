/**
 * SavedModels: folders with a program (saved_model.pb), the checkpoint variables/variables, and whatever else belongs to them. A
 * migrated one is the old one with other values: everything but the checkpoint is carried along as it is.
 * That its program loads the result is sure when the new checkpoint has the same keys, dtypes, shapes and object graph: RestoreV2
 * asks for keys, and tf.saved_model.load follows the object graph to them. Whoever binds the migration sees to that.
 * Source: tensorflow/cc/saved_model/{constants.h,loader.cc}, tensorflow/python/saved_model/load.py.
 */
#ifndef CK_BUNDLE_SAVED_MODEL_H
#define CK_BUNDLE_SAVED_MODEL_H

#include "bundle/writer.h"

/* Whether path is the folder of a SavedModel: it has saved_model.pb (or .pbtxt, .cpb) and the folder variables. @errors CK_IO, CK_NOMEM */
CK_NODISCARD enum ck_code ck_saved_model_find(struct ck_str path, struct ck_arena *arena, struct ck_diags *diags, bool *ret_is);
/* Whether a is the folder b, or lies below it, by whatever names; false when one is not there. @errors CK_IO, CK_NOMEM */
CK_NODISCARD enum ck_code ck_folder_is_in(struct ck_str a, struct ck_str b, struct ck_arena *arena, struct ck_diags *diags, bool *ret_is);

struct ck_saved_model_options {
	bool force;			/* replace a SavedModel that is there (nothing else is replaced), at the end */
	bool sync;
	enum ck_link_how link_how;	/* of the files that are carried along; what cannot be linked or cloned is copied */
	size_t n_shards;		/* of the checkpoint that will be written */
};

/**
 * May a SavedModel be written there? When nothing is, or an empty folder, or (force) a SavedModel.
 * @errors CK_OUTPUT_EXISTS, CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_saved_model_allowed(struct ck_str folder, bool force, struct ck_arena *arena, struct ck_diags *diags);

struct ck_saved_model;			/* one that is being written */

/**
 * Begins a SavedModel: a folder under a temporary name beside `folder`, which is made when all of it is there, by one rename. Folders
 * above it are made. A folder that is there and empty counts as not there.
 * @errors CK_OUTPUT_EXISTS, CK_BAD_TARGET_NAME, CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_saved_model_open(struct ck_str folder, const struct ck_saved_model_options *options, struct ck_diags *diags,
					      struct ck_saved_model **ret_model);
/* The prefix that the checkpoint is to be written under, by a ck_writer or ck_run(), before ck_saved_model_commit(). */
struct ck_str ck_saved_model_prefix(const struct ck_saved_model *model);

struct ck_carried {
	size_t n_files, n_links;	/* all; those that are links or clones */
	uint64_t n_bytes;
};

/**
 * Carries everything along that is in the folder of a SavedModel but its checkpoint; symbolic links as what they lead to.
 * @errors CK_IO, CK_NOMEM, CK_BAD_TARGET_NAME (something that is neither file nor folder, or nested too deep)
 */
CK_NODISCARD enum ck_code ck_saved_model_carry(struct ck_saved_model *model, struct ck_str from, struct ck_diags *diags,
					       struct ck_carried *ret_carried);
/**
 * Gives it its name: syncs, moves what was there aside, renames, syncs the folder above, removes what was there. A companion (NULL:
 * none) goes with it as with ck_writer_commit(). When a step fails all are undone.
 * @errors CK_IO, CK_NOMEM, CK_OUTPUT_EXISTS
 */
CK_NODISCARD enum ck_code ck_saved_model_commit(struct ck_saved_model *model, const struct ck_companion *companion, struct ck_diags *diags);
/* Removes what was not committed, the checkpoint in it too, and frees. NULL is fine. */
void ck_saved_model_close(struct ck_saved_model *model);
/* Does the same for the one that is open, without freeing; async-signal-safe, after ck_writer_abandon_all(). One may be open at a time. */
void ck_saved_model_abandon(void);

#endif
