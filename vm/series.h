/**
 * Several migrations that are applied in order as one: what one makes is what the next reads, and nothing is written in between.
 *
 * Each part stays the plan that it is. Binding (ck_bind()) binds one part after the other, each to the manifest of what the part
 * before makes, and then puts the code of all of them together: the Bound of the series reads the source and makes the result. Its
 * rules, checks and params are counted through all parts.
 */
#ifndef CK_VM_SERIES_H
#define CK_VM_SERIES_H

#include "vm/bind.h"

enum { CK_MAX_PARTS = 64 };

struct ck_series {
	struct ck_plan **parts;			/* [n_parts], at least 2, none a series itself; bound ones when the series is */
	size_t n_parts;
	const struct ck_manifest **between;	/* [n_parts - 1] what part i makes and part i + 1 reads; NULL: not bound */
	const struct ck_str *inputs;		/* [n_inputs] names of declared inputs, in the order of parts */
	size_t n_inputs;
	struct ck_str id;
};

/**
 * Makes one plan of several portable ones, in arena; a series among them gives its parts. One plan alone is itself. Checks `after`:
 * a migration that must come later than another does. The plans are borrowed.
 * @errors CK_ORDER, CK_BAD_PLAN (more than CK_MAX_PARTS; a bound plan), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_series_make(struct ck_plan *const *plans, size_t n_plans, struct ck_arena *arena, struct ck_diags *diags,
					 struct ck_plan **ret_plan);
/* Sets plan->series and digest from the parts of the message, whose texts are registered. For ck_plan_decode(). @errors CK_NOMEM, CK_BAD_GRAPH */
CK_NODISCARD enum ck_code ck_series_open(struct ck_plan *plan, struct ck_diags *diags);

/* The message of a plan of these parts, without a Bound; in arena. NULL when memory is short. */
Ck__Plan__Plan *ck_series_message(const struct ck_series *series, struct ck_arena *arena);

/* The parts of any plan: one that is no series is its own and only one. */
size_t ck_plan_n_parts(const struct ck_plan *plan);
const struct ck_plan *ck_plan_part(const struct ck_plan *plan, size_t i);
/* How many there are in all, as Bound counts them. */
size_t ck_plan_n_rules(const struct ck_plan *plan);
size_t ck_plan_n_checks(const struct ck_plan *plan);
/* The part that has a rule or check of a Bound; *number becomes its number there. */
const struct ck_plan *ck_plan_part_of_rule(const struct ck_plan *plan, size_t *number);
const struct ck_plan *ck_plan_part_of_check(const struct ck_plan *plan, size_t *number);

/* The series' number for an input of a part, which is neither the target, nor the source of any but the first. */
uint32_t ck_series_input(const struct ck_plan *plan, size_t part, uint32_t input);
/*
 * The checkpoints that a part of a bound series reads, of those that the series reads, and what the part before makes; in arena. Only the
 * last part has the template. NULL manifests when memory is short.
 */
struct ck_inputs ck_part_inputs(const struct ck_plan *plan, size_t part, const struct ck_inputs *inputs, struct ck_arena *arena);
/* The manifest of what a bound plan makes, as if it were written and opened: "what NAME makes". In arena. @errors CK_NOMEM, CK_BAD_GRAPH */
CK_NODISCARD enum ck_code ck_manifest_of_bound(const struct ck_plan *bound, struct ck_arena *arena, struct ck_diags *diags,
					       struct ck_manifest **ret_manifest);

#endif
