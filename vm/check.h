/* Deciding checks: conditions over what their functions give. For vm/bind_check.c and vm/exec_check.c only. */
#ifndef CK_VM_CHECK_H
#define CK_VM_CHECK_H

#include "vm/name.h"

enum ck_holds { CK_HOLDS_NO, CK_HOLDS_YES, CK_HOLDS_UNKNOWN };

/* A CALL of a condition and what it gives. */
struct ck_check_call {
	const Ck__Plan__Expr *expr;
	const Ck__Plan__BoundCall *bound;
	const struct ck_function_info *function;
	size_t n;			/* matches; of equal and close pairs */
	bool is_sum;			/* one value for all matches: count, params, bytes, absent */
	struct ck_value *values;	/* [n], or [1] of a sum; `unknown` where it is not known (yet) */
	struct ck_str *notes;		/* parallel to values: what was found, such as "2 elements of w are NaN"; may be empty */
	size_t at;			/* the match that stands for all at the moment */
};

/* A check while it is decided. The first members are the caller's. */
struct ck_check {
	const struct ck_plan *plan;
	const Ck__Plan__Bound *bound;
	const struct ck_manifest *const *manifests;	/* by input number */
	size_t n_manifests;
	const struct ck_value *params;	/* of the part */
	struct ck_arena *arena;

	size_t number;			/* in Bound.checks */
	const struct ck_plan *part;	/* of the plan, whose check it is */
	size_t number_in_part;
	const Ck__Plan__Check *message;
	struct ck_check_call *calls;	/* in the order of BoundCheck.calls */
	size_t n_calls;

	enum ck_holds holds;
	bool is_broken;			/* its values cannot be compared; `detail` says why */
	struct ck_str detail;		/* what was found: "count is 11, not 12", "max is 3.5 in blocks/0/w" */
	const struct ck_check_call *blamed;	/* the first call of what does not hold, or NULL */
};

/* How many CALLs a condition has, and in ret_calls (NULL: not wanted) which, in the order of their places. */
size_t ck_check_find_calls(const Ck__Plan__Expr *condition, const Ck__Plan__Expr **ret_calls);
/* Whether the match is measured by a value of BoundCall.values: neither a variable nor told by the plan. */
bool ck_check_is_measured(const struct ck_check_call *call, size_t match);
/* Prepares check `number` of the plan's Bound: what names, shapes and dtypes tell is computed, the rest is unknown. False: memory is short. */
CK_NODISCARD bool ck_check_open(struct ck_check *check, size_t number);
/* Sets holds, is_broken, detail and blamed from the calls' values. */
void ck_check_decide(struct ck_check *check);
/* Whether a call that matches nothing has a value all the same. */
bool ck_check_may_be_empty(const struct ck_check_call *call);
/* The instruction that names the subject of a call: its SOURCE, or the first one of an expression; SIZE_MAX if there is none. */
size_t ck_check_source(const struct ck_check *check, const struct ck_check_call *call);
/* The name of a match, escaped: "w", "source:w"; of a pair the first. */
struct ck_str ck_check_label(const struct ck_check *check, const struct ck_check_call *call, size_t match);
/* "w is f32[2], and is compared with f32[3]" */
struct ck_str ck_check_types_text(const struct ck_check *check, const struct ck_check_call *call, size_t match, const struct ck_type *a,
				  const struct ck_type *b);

#endif
