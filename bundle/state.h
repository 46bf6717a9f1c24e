/**
 * The `checkpoint` state file (text protobuf CheckpointState), as tf.train.latest_checkpoint and CheckpointManager read and
 * write it. Source: tensorflow/python/training/checkpoint_state.proto, checkpoint_management.py.
 */
#ifndef CK_BUNDLE_STATE_H
#define CK_BUNDLE_STATE_H

#include "bundle/base/io.h"

struct ck_state {
	struct ck_str model_path;	/* model_checkpoint_path */
	struct ck_str *all_paths;	/* all_model_checkpoint_paths, oldest first */
	double *timestamps;		/* all_model_checkpoint_timestamps; n_timestamps is 0 or n_paths */
	size_t n_paths, n_timestamps;
	double last_preserved;		/* last_preserved_timestamp; has_last_preserved */
	bool has_last_preserved;
	struct ck_str unknown;		/* fields that are not known here, as text; they stay */
};

/* Reads dir/checkpoint. *ret_state is NULL (and the result CK_OK) when there is none. @errors CK_BAD_STATE, CK_IO, CK_NOMEM */
CK_NODISCARD enum ck_code ck_state_read(struct ck_str dir, struct ck_arena *arena, struct ck_diags *diags, struct ck_state **ret_state);
/**
 * Makes the checkpoint `base` (a prefix inside dir, written relative to it) the latest one of dir/checkpoint, after the entries
 * that are there; an entry of the same name moves to the end. now is the time in seconds for timestamps, where the file has
 * them (a new file gets none, as Saver writes it). Fields that are not known here stay. Atomic.
 * @errors CK_BAD_STATE (the file that is there is damaged, and stays), CK_IO, CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_state_update(struct ck_str dir, struct ck_str base, double now, bool sync, struct ck_diags *diags);

#endif
