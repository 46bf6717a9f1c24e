/* Shape rules: what all of them need, and the way from an operator to its rule. The rules are in infer_*.c and rearrange.c. */
#include "vm/infer.h"

typedef enum ck_code rule_function(struct ck_infer *infer, struct ck_inferred *ret_inferred);

/* By wire number. A row of op.def that is written by users and available has a rule, or this file does not link. */
static rule_function *const rules[] = {
#define RULE_NOW(NAME) ck_infer_##NAME
#define RULE_LATER(NAME) NULL
#define RULE_MACHINE(state, NAME) NULL
#define RULE_EACH(state, NAME) RULE_##state(NAME)
#define RULE_JOIN(state, NAME) RULE_##state(NAME)
#define RULE_REDUCE(state, NAME) RULE_##state(NAME)
#define RULE_SPLIT(state, NAME) RULE_##state(NAME)
#define RULE_PICK(state, NAME) RULE_##state(NAME)
#define CK_OP(wire, NAME, name, arity, slots, state, parameters, inverse, doc) [wire] = RULE_##arity(state, NAME),
#include "vm/op.def"
#undef CK_OP
};

enum ck_code ck_infer_fail(struct ck_infer *infer, enum ck_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	infer->message = ck_str_vformat(infer->arena, format, args);
	va_end(args);
	return infer->message.p ? code : CK_NOMEM;
}

void ck_infer_help(struct ck_infer *infer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	infer->help = ck_str_vformat(infer->arena, format, args);
	va_end(args);
}

const char *ck_infer_plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

const struct ck_value *ck_infer_arg(const struct ck_infer *infer, const char *name)
{
	size_t i = ck_param_index(infer->op->params, infer->op->n_params, name);

	CK_ASSERT(i < infer->op->n_params);
	return &infer->args[i];
}

bool ck_infer_given(const struct ck_infer *infer, const char *name)
{
	size_t i = ck_param_index(infer->op->params, infer->op->n_params, name);

	return i < infer->op->n_params && infer->args[i].kind != CK_EXPR_NONE;
}

enum ck_code ck_infer_one_axis(struct ck_infer *infer, int64_t axis, int rank, int *ret_axis)
{
	*ret_axis = -1;
	if (rank < 0)
		return CK_OK;
	if (axis >= -(int64_t)rank && axis < rank) {
		*ret_axis = (int)(axis < 0 ? axis + rank : axis);
		return CK_OK;
	}
	if (rank == 0)
		ck_infer_help(infer, "a scalar has no axes; unsqueeze(0) gives it one");
	else if (rank == 1)
		ck_infer_help(infer, "its one axis is 0, or -1 from the end");
	else
		ck_infer_help(infer, "axes count from 0 to %d, or from -1 (the last) to -%d", rank - 1, rank);
	return ck_infer_fail(infer, CK_AXIS, "axis %lld of a tensor with %d %s", (long long)axis, rank, rank == 1 ? "axis" : "axes");
}

enum ck_code ck_infer_axis(struct ck_infer *infer, int rank, bool in_result, int *ret_axis)
{
	return ck_infer_one_axis(infer, ck_infer_int(infer, "axis"), rank < 0 ? rank : rank + in_result, ret_axis);
}

struct ck_type *ck_infer_types(struct ck_infer *infer, size_t n, enum ck_dtype dtype, int rank)
{
	struct ck_type *types = ck_arena_array(infer->arena, n + 1, sizeof(*types));
	size_t n_dims = rank > 0 ? (size_t)rank : 0;

	for (size_t i = 0; types && i < n; i++) {
		int64_t *dims = ck_arena_array(infer->arena, n_dims + 1, sizeof(*dims));

		if (!dims)
			return NULL;
		for (size_t j = 0; j < n_dims; j++)
			dims[j] = -1;
		types[i] = (struct ck_type){ dtype, rank, dims };
	}
	return types;
}

enum ck_code ck_infer_new(struct ck_infer *infer, enum ck_dtype dtype, int rank, struct ck_inferred *ret_inferred, int64_t **ret_dims)
{
	if (rank > CK_MAX_RANK)
		return ck_infer_fail(infer, CK_RANK, "`%s` makes %d axes, TensorFlow knows at most %d", infer->op->name, rank, CK_MAX_RANK);
	ret_inferred->results = ck_infer_types(infer, 1, dtype, rank);
	ret_inferred->n = 1;
	if (!ret_inferred->results)
		return CK_NOMEM;
	/* The array was allocated just now, and is writable. */
	if (ret_dims)
		*ret_dims = (int64_t *)(uintptr_t)ret_inferred->results[0].dims;
	return CK_OK;
}

enum ck_code ck_infer_like(struct ck_infer *infer, const struct ck_type *operand, struct ck_inferred *ret_inferred, int64_t **ret_dims)
{
	int64_t *dims = NULL;
	enum ck_code code = ck_infer_new(infer, operand->dtype, operand->rank, ret_inferred, &dims);

	for (int i = 0; dims && i < operand->rank; i++)
		dims[i] = operand->dims[i];
	if (ret_dims)
		*ret_dims = dims;
	return code;
}

enum ck_code ck_infer_one_dtype(struct ck_infer *infer, enum ck_dtype *ret_dtype)
{
	size_t first = 0;

	*ret_dtype = CK_DT_NONE;
	for (size_t i = 0; i < infer->n_operands; i++) {
		enum ck_dtype dtype = infer->operands[i].dtype;

		if (dtype == CK_DT_NONE)
			continue;
		if (*ret_dtype == CK_DT_NONE) {
			*ret_dtype = dtype;
			first = i;
		} else if (dtype != *ret_dtype) {
			infer->odd = i;
			ck_infer_help(infer, "members have one dtype: cast first, such as ... | cast(%s)", ck_dtype_name(*ret_dtype));
			return ck_infer_fail(infer, CK_DTYPE, "member %zu is %s and member %zu is %s", first + 1,
					     ck_dtype_name(*ret_dtype), i + 1, ck_dtype_name(dtype));
		}
	}
	return CK_OK;
}

enum ck_code ck_infer_one_rank(struct ck_infer *infer, int *ret_rank)
{
	size_t first = 0;

	*ret_rank = -1;
	for (size_t i = 0; i < infer->n_operands; i++) {
		const struct ck_type *type = &infer->operands[i];

		if (type->rank < 0)
			continue;
		if (*ret_rank < 0) {
			*ret_rank = type->rank;
			first = i;
		} else if (type->rank != *ret_rank) {
			struct ck_str a = ck_type_dims_text(infer->arena, &infer->operands[first]), b = ck_type_dims_text(infer->arena, type);

			infer->odd = i;
			ck_infer_help(infer, "`%s` wants as many axes in each member: reshape or unsqueeze one of them first", infer->op->name);
			return ck_infer_fail(infer, CK_RANK, "member %zu is %.*s and member %zu is %.*s", first + 1, CK_STR_ARG(a), i + 1,
					     CK_STR_ARG(b));
		}
	}
	return CK_OK;
}

/* ---- arguments */

static bool is_unknown(const struct ck_value *value)
{
	bool unknown = value->unknown;

	for (size_t i = 0; i < value->n_items && !unknown; i++)
		unknown = is_unknown(&value->items[i]);
	return unknown;
}

static const char *kind_text(enum ck_expr_kind kind)
{
	static const char *const texts[] = {
		[CK_EXPR_NONE] = "nothing",   [CK_EXPR_INT] = "an integer", [CK_EXPR_FLOAT] = "a float", [CK_EXPR_TEXT] = "text",
		[CK_EXPR_LIST] = "a list",    [CK_EXPR_DTYPE] = "a dtype",  [CK_EXPR_WORD] = "a word",	 [CK_EXPR_FILL] = "a fill",
		[CK_EXPR_NAMED] = "a keyword",
	};

	return (size_t)kind < CK_COUNT(texts) && texts[kind] ? texts[kind] : "an expression";
}

/* Does a value fit a parameter of this kind? NULL if so, else what is wanted. */
static const char *kind_wanted(const struct ck_param *param, const struct ck_value *value)
{
	switch (param->kind) {
	case CK_PARAM_INT:
		return value->kind == CK_EXPR_INT ? NULL : "an integer";
	case CK_PARAM_NUMBER:
		return value->kind == CK_EXPR_INT || value->kind == CK_EXPR_FLOAT ? NULL : "a number";
	case CK_PARAM_TEXT:
	case CK_PARAM_TEMPLATE:
		return value->kind == CK_EXPR_TEXT ? NULL : "text";
	case CK_PARAM_DTYPE:
		return value->kind == CK_EXPR_DTYPE ? NULL : "a dtype";
	case CK_PARAM_FILL:
		return value->kind == CK_EXPR_FILL ? NULL : "a fill";
	case CK_PARAM_LIST:
		return value->kind == CK_EXPR_LIST ? NULL : "a list";
	case CK_PARAM_WORD:
		return value->kind == CK_EXPR_WORD && ck_words_have(param->words, value->text) ? NULL : "another word";
	case CK_PARAM_CAPTURE:
	case CK_PARAM_NAME:
	case CK_PARAM_SUBJECT:
	case CK_PARAM_EXPR:
		break;
	}
	return NULL;
}

static enum ck_code check_value(struct ck_infer *infer, const struct ck_param *param, const struct ck_value *value)
{
	const char *wanted = kind_wanted(param, value);

	if (!wanted)
		return CK_OK;
	if (param->kind == CK_PARAM_WORD)
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%.*s` is one of %.*s", CK_STR_ARG(param->name), CK_STR_ARG(param->words));
	return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%.*s` wants %s, found %s", CK_STR_ARG(param->name), wanted, kind_text(value->kind));
}

static enum ck_code check_arg(struct ck_infer *infer, const struct ck_param *param, const struct ck_value *value)
{
	enum ck_code code = CK_OK;

	if (!param->rest_positional && !param->rest_keywords) {
		if (value->kind != CK_EXPR_NONE)
			return check_value(infer, param, value);
		if (param->optional || param->kind == CK_PARAM_CAPTURE || param->kind == CK_PARAM_NAME)
			return CK_OK;
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%s` needs `%.*s`", infer->op->name, CK_STR_ARG(param->name));
	}
	if (value->kind != CK_EXPR_LIST)
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%.*s` wants a list, found %s", CK_STR_ARG(param->name), kind_text(value->kind));
	for (size_t i = 0; i < value->n_items && code == CK_OK; i++) {
		const struct ck_value *item = &value->items[i];
		bool named = item->kind == CK_EXPR_NAMED && item->n_items == 1;

		if (param->rest_keywords && !named)
			return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%s` takes name=value, found %s", infer->op->name, kind_text(item->kind));
		code = check_value(infer, param, named ? &item->items[0] : item);
	}
	return code;
}

static enum ck_code check_args(struct ck_infer *infer, bool *ret_unknown)
{
	enum ck_code code = CK_OK;

	*ret_unknown = false;
	for (size_t i = 0; i < infer->op->n_params && code == CK_OK; i++) {
		if (is_unknown(&infer->args[i]))
			*ret_unknown = true;
		else
			code = check_arg(infer, &infer->op->params[i], &infer->args[i]);
	}
	return code;
}

/* ---- operands */

static enum ck_code check_operand_count(struct ck_infer *infer)
{
	const struct ck_op_info *op = infer->op;
	bool one = op->arity == CK_ARITY_EACH || op->arity == CK_ARITY_SPLIT || (op->arity == CK_ARITY_REDUCE && ck_infer_given(infer, "axis"));

	if (op->arity == CK_ARITY_REDUCE && ck_infer_given(infer, "axis") && (ck_infer_given(infer, "over") || infer->n_operands != 1)) {
		ck_infer_help(infer, "reduce twice: ... | %s(over=...) | %s(axis=...)", op->name, op->name);
		return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%s` reduces a group (over=) or an axis (axis=), not both at once", op->name);
	}
	if (one ? infer->n_operands == 1 : infer->n_operands > 0)
		return CK_OK;
	return ck_infer_fail(infer, CK_BAD_TUPLE, "`%s` wants %s, here are %zu", op->name, one ? "one value" : "at least one value",
			     infer->n_operands);
}

/* Strings have no fixed width: only what leaves every byte in its place is there for them. */
static enum ck_code check_operand_dtype(struct ck_infer *infer, enum ck_dtype dtype)
{
	enum ck_op op = infer->op->op;

	if (dtype == CK_DT_NONE)
		return CK_OK;
	if (ck_dtype_class(dtype) == CK_CLASS_OPAQUE) {
		ck_infer_help(infer, "a tensor of a dtype that the language has no name for can be mapped to another name, kept or dropped");
		return ck_infer_fail(infer, CK_DTYPE, "`%s` cannot work on %s", infer->op->name, ck_dtype_name(dtype));
	}
	if (ck_dtype_class(dtype) != CK_CLASS_STRING || op == CK_OP_RESHAPE || op == CK_OP_SQUEEZE || op == CK_OP_UNSQUEEZE || op == CK_OP_PICK)
		return CK_OK;
	if (op == CK_OP_CAST || infer->op->slots == CK_SLOTS_NONE)
		return ck_infer_fail(infer, CK_DTYPE, "`%s` wants numbers, here is %s", infer->op->name, ck_dtype_name(dtype));
	ck_infer_help(infer, "strings can be renamed, kept, dropped, and go through reshape, squeeze and unsqueeze");
	return ck_infer_fail(infer, CK_NOT_AVAILABLE, "`%s` on strings is not available in this version of ckmig", infer->op->name);
}

/* Files and memory count bytes in 63 bits. */
static enum ck_code check_size(struct ck_infer *infer, const struct ck_type *type)
{
	int64_t n = type->dtype == CK_DT_NONE ? 1 : (int64_t)ck_dtype_width(type->dtype);
	bool fits = true;

	n = n ? n : 1;
	for (int i = 0; i < type->rank; i++)
		if (type->dims[i] == 0)
			return CK_OK;
	for (int i = 0; i < type->rank && fits; i++)
		if (type->dims[i] > 0)
			fits = !__builtin_mul_overflow(n, type->dims[i], &n);
	if (fits)
		return CK_OK;
	return ck_infer_fail(infer, CK_INDEX_RANGE, "`%s` makes %.*s, which is more than 2^63 bytes", infer->op->name,
			     CK_STR_ARG(ck_type_dims_text(infer->arena, type)));
}

enum ck_code ck_op_infer(struct ck_infer *infer, struct ck_type **ret_results, size_t *ret_n_results)
{
	const struct ck_op_info *op = infer->op;
	struct ck_inferred inferred = { 0 };
	enum ck_code code;
	bool unknown;

	infer->message = infer->help = (struct ck_str){ 0 };
	infer->odd = 0;
	if (op->arity == CK_ARITY_MACHINE || !rules[op->op])
		return ck_infer_fail(infer, CK_NOT_AVAILABLE, "the operator `%s` is not available in this version of ckmig", op->name);
	code = check_args(infer, &unknown);
	if (code == CK_OK)
		code = check_operand_count(infer);
	for (size_t i = 0; i < infer->n_operands && code == CK_OK; i++)
		code = check_operand_dtype(infer, infer->operands[i].dtype);
	if (code != CK_OK)
		return code;
	if (!unknown)
		code = rules[op->op](infer, &inferred);
	else if (op->arity != CK_ARITY_SPLIT)
		code = ck_infer_new(infer, CK_DT_NONE, -1, &inferred, NULL);
	for (size_t i = 0; i < inferred.n && code == CK_OK; i++)
		code = check_size(infer, &inferred.results[i]);
	if (code == CK_OK) {
		*ret_results = inferred.results;
		*ret_n_results = inferred.n;
	}
	return code;
}
