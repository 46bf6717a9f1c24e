/**
 * The tables of operators, fills and functions, and each operator's shape rule. The compiler evaluates a rule on what the text
 * tells (unknown dtype, rank or dimensions allowed), the binder on real shapes, the plan verifier on what a plan claims.
 */
#ifndef CK_VM_OP_H
#define CK_VM_OP_H

#include "vm/plan.h"

enum ck_op {
#define CK_OP(wire, NAME, name, arity, slots, state, parameters, inverse, doc) CK_OP_##NAME = (wire),
#include "vm/op.def"
#undef CK_OP
};

enum ck_fill {
#define CK_FILL(wire, NAME, name, state, where, parameters, doc) CK_FILL_##NAME = (wire),
#include "vm/fill.def"
#undef CK_FILL
};

enum ck_function {
#define CK_FUNCTION(wire, NAME, name, state, phase, result, parameters, doc) CK_FUNCTION_##NAME = (wire),
#include "vm/function.def"
#undef CK_FUNCTION
};

enum ck_arity { CK_ARITY_MACHINE, CK_ARITY_EACH, CK_ARITY_JOIN, CK_ARITY_REDUCE, CK_ARITY_SPLIT, CK_ARITY_PICK };
enum ck_on_slots { CK_SLOTS_SAME, CK_SLOTS_ZEROS, CK_SLOTS_NONE };
enum ck_state_of_work { CK_STATE_NOW, CK_STATE_LATER };
enum ck_phase { CK_PHASE_WHERE, CK_PHASE_PLAN, CK_PHASE_RUN };
enum ck_result { CK_RESULT_TRUTH, CK_RESULT_INT, CK_RESULT_NUMBER, CK_RESULT_DTYPE, CK_RESULT_SHAPE };

enum ck_param_kind {
	CK_PARAM_INT, CK_PARAM_NUMBER, CK_PARAM_TEXT, CK_PARAM_DTYPE, CK_PARAM_FILL, CK_PARAM_LIST, CK_PARAM_CAPTURE,
	CK_PARAM_NAME, CK_PARAM_WORD, CK_PARAM_SUBJECT, CK_PARAM_EXPR, CK_PARAM_TEMPLATE,
};

/* One parameter, parsed from the text in the table. */
struct ck_param {
	struct ck_str name;
	enum ck_param_kind kind;
	bool optional, keyword_only, rest_positional /* *name */, rest_keywords /* **name */;
	struct ck_str default_text;	/* empty: none */
	struct ck_str words;		/* "error|allow" of a WORD */
};

enum { CK_MAX_PARAMS = 8 };

struct ck_op_info {
	enum ck_op op;
	const char *name;
	enum ck_arity arity;
	enum ck_on_slots slots;
	enum ck_state_of_work state;
	const char *inverse, *doc, *parameters;
	size_t n_params;
	struct ck_param params[CK_MAX_PARAMS];
};

struct ck_fill_info {
	enum ck_fill fill;
	const char *name;
	enum ck_state_of_work state;
	bool rows_only;
	const char *doc, *parameters;
	size_t n_params;
	struct ck_param params[CK_MAX_PARAMS];
};

struct ck_function_info {
	enum ck_function function;
	const char *name;
	enum ck_state_of_work state;
	enum ck_phase phase;
	enum ck_result result;
	const char *doc, *parameters;
	size_t n_params;
	struct ck_param params[CK_MAX_PARAMS];
};

/* By wire number or name; NULL when there is none. The tables are built once, thread-safely, on first use. */
const struct ck_op_info *ck_op_info(uint32_t wire);
const struct ck_op_info *ck_op_find(struct ck_str name);	/* written operators only: no MACHINE, no "[]" */
const struct ck_fill_info *ck_fill_info(uint32_t wire);
const struct ck_fill_info *ck_fill_find(struct ck_str name);
const struct ck_function_info *ck_function_info(uint32_t wire);
const struct ck_function_info *ck_function_find(struct ck_str name, bool in_check);
/* The i-th row, NULL at the end: for did-you-mean, man pages and fuzz dictionaries. */
const struct ck_op_info *ck_op_at(size_t i);
const struct ck_fill_info *ck_fill_at(size_t i);
const struct ck_function_info *ck_function_at(size_t i);
/* Number of the parameter called so, or n_params. */
size_t ck_param_index(const struct ck_param *params, size_t n_params, const char *name);

/* A computed argument. kind is that of ck_expr_kind: NONE (left out), INT, FLOAT, TEXT, LIST, DTYPE, WORD, FILL, NAMED. */
struct ck_value {
	enum ck_expr_kind kind;
	bool unknown;			/* depends on what only a checkpoint tells */
	bool is_big;			/* INT of more than 64 bits, inside of expressions only: text has its digits */
	int64_t integer;		/* INT; truths are 0 and 1 */
	double number;			/* FLOAT */
	struct ck_str text;		/* TEXT, WORD, NAMED's keyword */
	uint32_t index;			/* DTYPE: ck_dtype; FILL: ck_fill */
	struct ck_value *items;		/* LIST: items; FILL: its arguments in fill.def's order; NAMED: one item, the value */
	size_t n_items;
};

/* What is known of a tensor. dims[i] is -1 and rank is -1 where unknown; dtype may be CK_DT_NONE. */
struct ck_type {
	enum ck_dtype dtype;
	int rank;
	const int64_t *dims;
};

bool ck_type_known(const struct ck_type *type);
void ck_buf_type(struct ck_buf *buf, const struct ck_type *type);	/* "f32[2, 3]", "_[...]", "f32[_, 3]" */
/* "[2, 3]", in arena. */
struct ck_str ck_type_dims_text(struct ck_arena *arena, const struct ck_type *type);
/* Is it one of the words "a|b|c"? */
bool ck_words_have(struct ck_str words, struct ck_str word);

/* One application of an operator. message and help are set on failure, in arena; the caller adds the place. */
struct ck_infer {
	struct ck_arena *arena;
	const struct ck_op_info *op;
	const struct ck_value *args;		/* [op->n_params] */
	const struct ck_type *operands;		/* [n_operands] */
	size_t n_operands;			/* EACH, SPLIT: 1; JOIN: all members; REDUCE: 1 with axis=, all members without */
	struct ck_str message, help;
	size_t odd;				/* set with the message: the operand that does not fit those before it, or 0 */
};

/**
 * The types of the results: one for EACH, JOIN and REDUCE, n for SPLIT (0 with CK_OK when the number is unknown as yet).
 * Results are in arena. The message says what was found and what was expected, such as "axis 2 of a tensor with 2 axes".
 * Where another axis would fit, help says so.
 * Arguments that are not known yet give results of which nothing is known. A result has fewer than 2^63 bytes.
 * @errors CK_DTYPE, CK_RANK, CK_AXIS, CK_SHAPE, CK_INDEX_RANGE, CK_BAD_ARGUMENT, CK_BAD_TUPLE, CK_NOT_AVAILABLE (strings), CK_NOMEM
 */
CK_NODISCARD enum ck_code ck_op_infer(struct ck_infer *infer, struct ck_type **ret_results, size_t *ret_n_results);

/**
 * Whether a FILL value can make data of a type, known as far as it goes: `eye` wants two axes, `normal` floats, const(0.5) no
 * integers. infer needs only its arena; message and help are set on failure.
 * @errors CK_DTYPE, CK_RANK, CK_INDEX_RANGE, CK_BAD_ARGUMENT, CK_NOT_AVAILABLE
 */
CK_NODISCARD enum ck_code ck_fill_check(struct ck_infer *infer, const struct ck_value *fill, const struct ck_type *type);

/*
 * Whether an application that ck_op_infer() has accepted leaves every byte of its one operand, whose type is known, where it is:
 * another shape, axes of size 1 moved about, a cast to the same dtype. False also when memory is short.
 */
bool ck_op_keeps_bytes(struct ck_infer *infer);

/* Helpers that the executor shares with the rules: NumPy's slice arithmetic, and a parsed einops pattern. */
/* Normalises start:stop:step over n elements; NONE values take NumPy's defaults. False when step is 0. */
CK_NODISCARD bool ck_slice_resolve(const struct ck_value *start, const struct ck_value *stop, const struct ck_value *step, int64_t n,
				   int64_t *ret_first, int64_t *ret_step, int64_t *ret_count);

/* rearrange as reshape, transpose, reshape: split dims, permutation, final dims. All in arena. Needs a fully known operand. */
struct ck_rearrange {
	size_t n_split, n_final;
	int64_t *split;		/* [n_split] */
	size_t *permutation;	/* [n_split]: result axis i is split axis permutation[i] */
	int64_t *final;		/* [n_final] */
};
CK_NODISCARD enum ck_code ck_rearrange_resolve(struct ck_infer *infer, struct ck_rearrange *ret_rearrange);

#endif
