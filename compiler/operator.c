/* One call in a pipe: the operator found, its arguments matched, its shape rule asked about what the text tells. */
#include "compiler/internal.h"

struct ck_callee ck_callee_op(const struct ck_op_info *op, struct ck_span span)
{
	return (struct ck_callee){ "operator", op->name, op->params, op->n_params, span, op->parameters, 0 };
}

/* What NumPy, TensorFlow and PyTorch call otherwise, or have no operator for here. */
static const struct {
	const char *word, *help;
} foreign[] = {
	{ "astype", "write `cast`, such as cast(bf16)" }, { "to", "write `cast`, such as cast(bf16)" },
	{ "permute", "write `transpose`, such as transpose(1, 0, 2)" }, { "swapaxes", "write `transpose`, such as transpose(1, 0, 2)" },
	{ "moveaxis", "write `transpose`, such as transpose(1, 0, 2)" }, { "T", "write `transpose`" }, { "t", "write `transpose`" },
	{ "concatenate", "write `concat`" }, { "cat", "write `concat`" }, { "hstack", "write `concat`" }, { "vstack", "write `concat`" },
	{ "expand_dims", "write `unsqueeze`" }, { "newaxis", "write `unsqueeze`" }, { "view", "write `reshape`" }, { "flatten", "write `reshape(-1)`" },
	{ "ravel", "write `reshape(-1)`" }, { "chunk", "write `split`" }, { "gather", "write `take`" }, { "reverse", "write `flip`" },
	{ "multiply", "to multiply by a number write `scale`, such as scale(0.5)" },
	{ "divide", "to divide by a number write `scale`, such as scale(0.5)" },
	{ "crop", "write `slice`, or `[0:n]` after the source" }, { "truncate", "write `slice`, or `[0:n]` after the source" },
	{ "rename", "the name after `->` is the new one: no operator is needed" }, { "drop", "`drop` is a statement of its own" },
};

static bool help_foreign(struct ck_diags *diags, struct ck_diag *diag, struct ck_str word)
{
	for (size_t i = 0; i < CK_COUNT(foreign); i++) {
		if (ck_str_equal(word, ck_str(foreign[i].word))) {
			ck_diag_help(diags, diag, "%s", foreign[i].help);
			return true;
		}
	}
	return false;
}

static void offer_ops(struct ck_diags *diags, struct ck_diag *diag)
{
	struct ck_buf names = { 0 };

	for (size_t i = 0; ck_op_at(i); i++) {
		const struct ck_op_info *op = ck_op_at(i);

		if (op->arity != CK_ARITY_MACHINE && op->op != CK_OP_INDEX && op->state == CK_STATE_NOW)
			ck_buf_printf(&names, "%s%s", names.n ? ", " : "", op->name);
	}
	ck_diag_help(diags, diag, "the operators are %.*s", (int)names.n, names.p ? names.p : "");
	ck_buf_clear(&names);
}

static const struct ck_op_info *find_op(struct ck_builder *builder, const struct ck_ast_call *call)
{
	const struct ck_op_info *op = ck_op_find(call->name.text);
	struct ck_diags *diags = builder->compiler->diags;
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (op && op->state == CK_STATE_LATER) {
		diag = ck_error(diags, CK_NOT_AVAILABLE, call->name.span, "the operator `%s` is not available in this version of ckmig",
				op->name);
		ck_diag_help(diags, diag, "it is part of the language and will come; `ckmig --version` tells what you have");
		return NULL;
	}
	if (op)
		return op;
	diag = ck_error(diags, CK_UNKNOWN_OPERATOR, call->name.span, "there is no operator `%.*s`", CK_STR_ARG(call->name.text));
	if (help_foreign(diags, diag, call->name.text))
		return NULL;
	ck_suggest_init(&suggest, call->name.text);
	for (size_t i = 0; ck_op_at(i); i++)
		if (ck_op_at(i)->arity != CK_ARITY_MACHINE && ck_op_at(i)->op != CK_OP_INDEX)
			ck_suggest_offer(&suggest, ck_str(ck_op_at(i)->name));
	ck_suggest_help(&suggest, diags, diag, "`");
	if (ck_fill_find(call->name.text))
		ck_diag_help(diags, diag, "`%.*s` is a fill: it stands after `=` in `new`, or as grow(..., with=%.*s)",
			     CK_STR_ARG(call->name.text), CK_STR_ARG(call->name.text));
	if (ck_dtype_find(call->name.text) != CK_DT_NONE)
		ck_diag_help(diags, diag, "to change the dtype write cast(%.*s)", CK_STR_ARG(call->name.text));
	else if (!suggest.n_best)
		offer_ops(diags, diag);
	return NULL;
}

/* The argument of a parameter, NULL when the operator has none of that name or it is left out. */
static Ck__Plan__Expr *arg_named(const struct ck_op_info *op, Ck__Plan__Expr *const *args, const char *name)
{
	size_t i = ck_param_index(op->params, op->n_params, name);

	return i < op->n_params && args[i]->kind != CK_EXPR_NONE ? args[i] : NULL;
}

void ck_joined_over(struct ck_builder *builder, size_t local, struct ck_span span)
{
	struct ck_str name = ck_str_of(builder->locals.items[local]->name);
	struct ck_diag *diag = ck_error(builder->compiler->diags, CK_UNKNOWN_CAPTURE, span, "`%.*s` is joined over, and has no one value here",
					CK_STR_ARG(name));

	ck_diag_help(builder->compiler->diags, diag, "operators before over=%.*s may use it: each value has its own then", CK_STR_ARG(name));
}

/* Does an argument use the very capture that is joined over? */
static bool uses_over(struct ck_builder *builder, const struct ck_op_info *op, Ck__Plan__Expr *const *args, uint32_t local, struct ck_span span)
{
	for (size_t i = 0; i < op->n_params; i++) {
		if (op->params[i].kind == CK_PARAM_CAPTURE || op->params[i].kind == CK_PARAM_NAME || !ck_expr_uses(builder, args[i], local))
			continue;
		ck_joined_over(builder, local, span);
		return true;
	}
	return false;
}

static bool consume(struct ck_builder *builder, uint32_t local, struct ck_span span)
{
	struct ck_arena *arena = builder->compiler->arena;
	bool *bigger;

	if (local >= builder->n_consumed) {
		bigger = ck_arena_array(arena, builder->locals.n_items + 1, sizeof(*bigger));
		if (!bigger)
			return false;
		for (size_t i = 0; i < builder->n_consumed; i++)
			bigger[i] = builder->consumed[i];
		builder->consumed = bigger;
		builder->n_consumed = builder->locals.n_items + 1;
	}
	if (builder->consumed[local]) {
		struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_ARGUMENT, span, "`%.*s` has been joined over already",
						CK_STR_ARG(ck_str_of(builder->locals.items[local]->name)));
		ck_diag_help(builder->compiler->diags, diag, "each capture can be joined over once; in another member of a tuple capture it by another name");
		return false;
	}
	builder->consumed[local] = true;
	return true;
}

/* Tuples where one is wanted, and the other way round. */
static bool check_arity(struct ck_builder *builder, const struct ck_op_info *op, const struct ck_known *operand,
			Ck__Plan__Expr *const *args, const struct ck_ast_call *call, struct ck_span operand_span)
{
	struct ck_diags *diags = builder->compiler->diags;
	bool over = arg_named(op, args, "over"), axis = arg_named(op, args, "axis");
	bool wants_tuple = op->arity == CK_ARITY_PICK || (op->arity == CK_ARITY_JOIN && !over) ||
			   (op->arity == CK_ARITY_REDUCE && !over && !axis);
	struct ck_diag *diag;

	if (wants_tuple && !operand->is_tuple) {
		diag = ck_error(diags, CK_BAD_TUPLE, call->span, "`%s` wants several values, here is one", op->name);
		ck_diag_label(diags, diag, operand_span, "one value");
		if (op->arity == CK_ARITY_PICK)
			ck_diag_help(diags, diag, "pick(n) takes a member of a tuple, as `split` and `unstack` make them");
		else
			ck_diag_help(diags, diag, "write a tuple (\"a\", \"b\") | %s(...), or join what a capture tells apart: over=i%s", op->name,
				     op->arity == CK_ARITY_REDUCE ? ", or give axis=" : "");
		return false;
	}
	if (arg_named(op, args, "as") && operand->is_tuple && operand->n != 1) {
		diag = ck_error(diags, CK_BAD_TUPLE, call->span, "`%s` with as= wants one value, here is a tuple", op->name);
		ck_diag_label(diags, diag, operand_span, "a tuple");
		ck_diag_help(diags, diag, "leave out as= and name the targets: -> (\"a\", \"b\"), or write a statement for each member");
		return false;
	}
	if (over && operand->is_tuple) {
		diag = ck_error(diags, CK_BAD_TUPLE, call->span, "over= joins the variables of a group, here is a tuple");
		ck_diag_label(diags, diag, operand_span, "a tuple");
		ck_diag_help(diags, diag, "join the tuple first, then the group: ... | concat(axis=0) | %s(..., over=...)", op->name);
		return false;
	}
	return true;
}

/* Folds all arguments; *ret_known says whether the text tells them all. over= and as= are names, not values. */
static struct ck_value *fold_args(struct ck_builder *builder, const struct ck_op_info *op, Ck__Plan__Expr *const *args,
				  struct ck_span span, bool *ret_known)
{
	struct ck_value *values = ck_arena_array(builder->compiler->arena, op->n_params + 1, sizeof(*values));

	*ret_known = true;
	for (size_t i = 0; values && i < op->n_params; i++) {
		if (op->params[i].kind == CK_PARAM_CAPTURE || op->params[i].kind == CK_PARAM_NAME)
			continue;
		if (!ck_fold(builder, args[i], span, &values[i]))
			return NULL;
		*ret_known = *ret_known && !values[i].unknown;
	}
	return values;
}

static void infer_failed(struct ck_builder *builder, enum ck_code code, const struct ck_infer *infer, const struct ck_ast_call *call,
			 const struct ck_known *operand, size_t first)
{
	struct ck_diags *diags = builder->compiler->diags;
	struct ck_diag *diag = ck_error(diags, code, call->span, "%.*s", CK_STR_ARG(infer->message));

	for (size_t i = 0; i < infer->n_operands; i++) {
		struct ck_buf type = { 0 };

		if (infer->operands[i].rank >= 0 || infer->operands[i].dtype != CK_DT_NONE) {
			ck_buf_type(&type, &infer->operands[i]);
			ck_diag_label(diags, diag, operand->spans[first + i], "%.*s", (int)type.n, type.p);
		}
		ck_buf_clear(&type);
	}
	if (infer->help.n)
		ck_diag_help(diags, diag, "%.*s", CK_STR_ARG(infer->help));
}

static bool know(struct ck_builder *builder, struct ck_known *known, size_t n, const struct ck_type *types, struct ck_span span)
{
	struct ck_arena *arena = builder->compiler->arena;

	known->n = n;
	known->types = ck_arena_array(arena, n + 1, sizeof(*known->types));
	known->spans = ck_arena_array(arena, n + 1, sizeof(*known->spans));
	if (!known->types || !known->spans)
		return false;
	for (size_t i = 0; i < n; i++) {
		known->types[i] = types ? types[i] : (struct ck_type){ .rank = -1 };
		known->spans[i] = span;
	}
	return true;
}

/* Runs the shape rule on members first..first+n of the operand. */
static bool infer_members(struct ck_builder *builder, const struct ck_op_info *op, const struct ck_value *values,
			  const struct ck_known *operand, size_t first, size_t n, const struct ck_ast_call *call, struct ck_type **ret_types,
			  size_t *ret_n)
{
	struct ck_infer infer = { .arena = builder->compiler->arena, .op = op, .args = values,
				  .operands = operand->types + first, .n_operands = n };
	enum ck_code code = ck_op_infer(&infer, ret_types, ret_n);

	if (code != CK_OK)
		infer_failed(builder, code, &infer, call, operand, first);
	return code == CK_OK;
}

/* All parts of all members, in their order, when the number of each is known. */
static bool know_parts(struct ck_builder *builder, const struct ck_op_info *op, const struct ck_value *values, bool args_known,
		       const struct ck_known *operand, bool as, const struct ck_ast_call *call, struct ck_known *result)
{
	struct ck_arena *arena = builder->compiler->arena;
	struct ck_type *parts = NULL, *types;
	size_t n_parts = 0, capacity = 0, n;
	bool all = args_known && operand->n;

	for (size_t i = 0; args_known && i < operand->n; i++) {
		if (!infer_members(builder, op, values, operand, i, 1, call, &types, &n))
			return false;
		all = all && n;
		for (size_t j = 0; j < n; j++) {
			if (!ck_arena_grow(arena, (void **)&parts, n_parts, &capacity, sizeof(*parts)))
				return false;
			parts[n_parts++] = types[j];
		}
	}
	result->is_tuple = !as;
	if (as)
		return know(builder, result, 1, NULL, call->span);
	return know(builder, result, all ? n_parts : 0, parts, call->span);
}

/* What the result is, as far as the text tells. */
static bool know_result(struct ck_builder *builder, const struct ck_op_info *op, const struct ck_value *values, bool args_known,
			const struct ck_known *operand, Ck__Plan__Expr *const *args, const struct ck_ast_call *call, struct ck_known *result)
{
	bool over = arg_named(op, args, "over"), as = arg_named(op, args, "as");
	bool each = op->arity == CK_ARITY_EACH || (op->arity == CK_ARITY_REDUCE && arg_named(op, args, "axis") && !over);
	struct ck_type *types = NULL;
	size_t n = 0;

	if (each) {
		result->is_tuple = operand->is_tuple;
		if (!know(builder, result, operand->n, NULL, call->span))
			return false;
		for (size_t i = 0; args_known && i < operand->n; i++) {
			if (!infer_members(builder, op, values, operand, i, 1, call, &types, &n))
				return false;
			result->types[i] = types[0];
		}
		return true;
	}
	if (op->arity == CK_ARITY_SPLIT)
		return know_parts(builder, op, values, args_known, operand, as, call, result);
	if (op->arity == CK_ARITY_PICK) {
		if (args_known && operand->n) {
			if (!infer_members(builder, op, values, operand, 0, operand->n, call, &types, &n))
				return false;
		}
		return know(builder, result, 1, types, call->span);
	}
	if (args_known && !over && operand->n && !infer_members(builder, op, values, operand, 0, operand->n, call, &types, &n))
		return false;
	return know(builder, result, 1, types, call->span);
}

int64_t ck_lower_call(struct ck_builder *builder, int64_t operand, struct ck_span operand_span, const struct ck_ast_call *call)
{
	const struct ck_op_info *op = find_op(builder, call);
	struct ck_callee callee;
	Ck__Plan__Expr **args, *over;
	struct ck_value *values;
	Ck__Plan__Insn *insn;
	bool known;

	if (!op)
		return -1;
	callee = ck_callee_op(op, call->name.span);
	args = ck_lower_args(builder, &callee, call->args, call->n_args, CK_IN_ARGUMENT);
	if (!args || !check_arity(builder, op, &builder->known[operand], args, call, operand_span))
		return -1;
	if (op->op == CK_OP_TAKE && arg_named(op, args, "file") && !ck_note_file(builder, arg_named(op, args, "file"), call->span))
		return -1;
	over = arg_named(op, args, "over");
	if (over && (uses_over(builder, op, args, over->index, call->span) || !consume(builder, over->index, call->span)))
		return -1;
	values = fold_args(builder, op, args, call->span, &known);
	insn = values ? ck_emit(builder, op->op, call->span, 1) : NULL;
	if (!insn)
		return -1;
	insn->src[0] = (uint32_t)operand;
	insn->args = args;
	insn->n_args = op->n_params;
	if (!know_result(builder, op, values, known, &builder->known[operand], args, call, &builder->known[insn->dst]))
		return -1;
	return (int64_t)insn->dst;
}
