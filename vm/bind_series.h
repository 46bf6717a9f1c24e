/* What the files that bind a series share; for vm/bind_series*.c and vm/bind.c only. */
#ifndef CK_VM_BIND_SERIES_H
#define CK_VM_BIND_SERIES_H

#include "vm/bind_internal.h"
#include "vm/series.h"

/* ---- weave.c: the code of all parts in one */

struct ck_woven {
	size_t epoch;
	uint32_t reg;
};

struct ck_weaving {
	const struct ck_plan *plan;		/* the series: all its parts are bound */
	struct ck_arena *arena;
	struct ck_woven **made;			/* [n_parts][targets of it] its register, when it was made in the walk `epoch` */
	size_t epoch;
	uint32_t *registers;			/* frames, one behind the other: what a part's registers are here */
	size_t n_registers, registers_capacity;
	Ck__Plan__Insn **code;			/* of the value at hand */
	size_t n_code, code_capacity;
};

/* All return false when memory is short. */
bool ck_weaving_init(struct ck_weaving *weaving, const struct ck_plan *plan, struct ck_arena *arena);
/* Code of a part's target: reads only what the series reads. In arena. */
bool ck_weave_target(struct ck_weaving *weaving, size_t part, size_t target, Ck__Plan__Insn ***ret_code, size_t *ret_n_code);
/* A value that a check of a part asks about, which reads what the series reads and makes. made_for: keys random fills, may be empty. */
bool ck_weave_value(struct ck_weaving *weaving, size_t part, const Ck__Plan__CheckValue *value, struct ck_str made_for,
		    Ck__Plan__CheckValue **ret_value);

/* ---- bind_series*.c */

/* ck_bind() of a series. */
CK_NODISCARD enum ck_code ck_bind_series(const struct ck_plan *plan, const struct ck_inputs *inputs, const struct ck_bind_options *options,
					 struct ck_arena *arena, struct ck_diags *diags, struct ck_plan **ret_bound);
/* Sets Bound.uses from those of the parts: a source that no target of the series reads is dropped, by whichever part. */
bool ck_series_uses(const struct ck_plan *plan, const struct ck_inputs *inputs, struct ck_arena *arena, Ck__Plan__Bound *bound);
/* Sets Bound.checks: of all parts, asking about what the series reads and makes, or about values made anew. */
bool ck_series_checks(struct ck_weaving *weaving, const struct ck_inputs *inputs, Ck__Plan__Bound *bound);

#endif
