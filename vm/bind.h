/**
 * Binding: a portable plan and the manifests it is to run on become a bound plan, or diagnostics. All of "nothing is silent" is
 * proven here, and no tensor is read.
 *
 * A register of portable code holds a relation: rows, each with the bindings of its locals and a tuple of values. SOURCE makes a
 * row a match, JOIN joins rows on their captures, over= groups rows, as= multiplies them, STORE makes a target of each value.
 * A rule's code is run once for the variables and once for each kind of slot that they have.
 */
#ifndef CK_VM_BIND_H
#define CK_VM_BIND_H

#include "vm/name.h"

/* The checkpoints of a run, by input number. manifests[CK_INPUT_SOURCE] is always there, [CK_INPUT_TARGET] never. */
struct ck_inputs {
	size_t n;
	const struct ck_manifest *const *manifests;	/* NULL: not given */
};

struct ck_setting {
	struct ck_str name;
	struct ck_value value;
};

struct ck_bind_options {
	const struct ck_setting *settings;	/* --set; names are checked here, with suggestions */
	size_t n_settings;
	uint64_t shard_size;			/* largest size of an output shard in bytes, 0: one shard */
	bool link;				/* source shards become shards of the output, and only what changes gets new ones */
	uint64_t memory;			/* of the executor, for the estimate */
	bool is_followed;			/* another migration reads what this one makes: for messages */
};

/**
 * Binds; a series (vm/series.h) as a whole. On CK_OK *ret_bound (in arena) shares code and debug with plan and has its own Bound. Plan-time checks are decided here.
 * @errors E02xx, E03xx, E04xx, E07xx codes; the sink has all that were found, not only the first.
 */
CK_NODISCARD enum ck_code ck_bind(const struct ck_plan *plan, const struct ck_inputs *inputs, const struct ck_bind_options *options,
				  struct ck_arena *arena, struct ck_diags *diags, struct ck_plan **ret_bound);

/* Whether files that operators name, where they are at hand, and each input are still what the plan was bound to. @errors CK_STALE_PLAN */
CK_NODISCARD enum ck_code ck_bound_files_fresh(const struct ck_plan *bound, struct ck_arena *arena, struct ck_diags *diags);
CK_NODISCARD enum ck_code ck_bound_fresh(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_diags *diags);

/* The dry run of cli.md, as text (one row a rule and shape; expand: a row a variable; `width` columns, 0: no limit) and as JSON. */
CK_NODISCARD enum ck_code ck_dryrun_text(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_str title, bool expand,
					 bool color, struct ck_buf *out);
CK_NODISCARD enum ck_code ck_dryrun_json(const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_buf *out);

#endif
