/* What the files of the plan verifier share; for vm/verify*.c and vm/plan.c only. */
#ifndef CK_VM_VERIFY_H
#define CK_VM_VERIFY_H

#include "vm/op.h"

/* ck_plan_verify() of a file: messages name its path (empty: none). */
CK_NODISCARD enum ck_code ck_plan_verify_file(const struct ck_plan *plan, struct ck_str path, struct ck_diags *diags);

/* One run of the verifier. It stops at the first rule that is broken: what follows would be noise. */
struct ck_verifier {
	const Ck__Plan__Plan *plan;
	const Ck__Plan__Code *code;	/* NULL: a series, whose parts have it */
	struct ck_diags *diags;
	struct ck_str path;
	struct ck_arena *arena;		/* for what the verifier needs while it runs */
	enum ck_code result;

	/* Where it is, for messages. */
	const char *part;		/* "rule", "check", "target"; NULL: the plan as a whole */
	size_t number;			/* of that part */
	size_t insn;			/* SIZE_MAX: none */

	/* The frame: of the rule or check. */
	Ck__Plan__Local *const *locals;
	size_t n_locals;
	bool *captured;			/* [n_locals] by any instruction of it */
	bool *defined;			/* [n_registers] */
	size_t n_registers;
	bool in_check;

	/* What Bound counts, through all parts. */
	size_t n_inputs, n_params, n_rules, n_checks;
	const Ck__Plan__Check **checks;	/* [n_checks] */

	/* Of the target so far. */
	size_t n_loads;
	bool keeps_bytes;		/* nothing but LOADs, and what leaves every byte in its place */
};

/* Adds the diagnostic and sets result. Always false, so that a rule is: return holds || ck_verify_fail(...). */
CK_PRINTF(2, 3) bool ck_verify_fail(struct ck_verifier *verifier, const char *format, ...);
static inline bool ck_verify_nomem(struct ck_verifier *verifier)
{
	verifier->result = ck_error_nomem(verifier->diags);
	return false;
}

/* ---- verify_name.c: patterns, templates, types. All return false after a message. */
bool ck_verify_source(struct ck_verifier *verifier, const Ck__Plan__Source *source);
/* Marks the locals that a source captures. Pieces were verified. */
void ck_verify_capture(struct ck_verifier *verifier, const Ck__Plan__Source *source);
bool ck_verify_name(struct ck_verifier *verifier, const Ck__Plan__Name *name, unsigned depth);
bool ck_verify_type(struct ck_verifier *verifier, const Ck__Plan__Type *type, bool binds);

/* ---- verify_expr.c: expressions */
enum ck_verify_in {
	CK_VERIFY_IN_ARGUMENT,	/* values */
	CK_VERIFY_IN_WHERE,	/* and functions of `where` */
	CK_VERIFY_IN_CHECK,	/* and functions of `check` */
	CK_VERIFY_IN_CONSTANT,	/* INT, FLOAT, TEXT, LIST, DTYPE, WORD, FILL, NAMED */
};
bool ck_verify_expr(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, enum ck_verify_in in, unsigned depth);
/* The arguments of an instruction, or of a fill, against the parameters of its row. */
bool ck_verify_args(struct ck_verifier *verifier, Ck__Plan__Expr *const *args, size_t n_args, const struct ck_param *params,
		    size_t n_params, enum ck_verify_in in);
bool ck_verify_local(struct ck_verifier *verifier, uint32_t local);

/* ---- verify_bound.c */
bool ck_verify_bound(struct ck_verifier *verifier);

#endif
