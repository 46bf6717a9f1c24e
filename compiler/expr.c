/* Expressions become code: sources, indexes, types, fills and tuples. Calls are in operator.c. */
#include "compiler/internal.h"

void ck_builder_init(struct ck_builder *builder, struct ck_compiler *compiler)
{
	*builder = (struct ck_builder){ .compiler = compiler, .scope = ck_scope_of(compiler) };
	builder->locals.arena = compiler->arena;
}

Ck__Plan__Insn *ck_emit(struct ck_builder *builder, uint32_t op, struct ck_span span, size_t n_src)
{
	struct ck_arena *arena = builder->compiler->arena;
	Ck__Plan__Insn *insn = ck_arena_alloc(arena, sizeof(*insn));

	if (!insn || !ck_arena_grow(arena, (void **)&builder->code, builder->n_code, &builder->code_capacity, sizeof(*builder->code)) ||
	    !ck_arena_grow(arena, (void **)&builder->spans, builder->n_code, &builder->spans_capacity, sizeof(*builder->spans)) ||
	    !ck_arena_grow(arena, (void **)&builder->known, builder->n_registers, &builder->known_capacity, sizeof(*builder->known)))
		return NULL;
	ck__plan__insn__init(insn);
	insn->op = op;
	insn->n_src = n_src;
	insn->src = ck_arena_array(arena, n_src + 1, sizeof(*insn->src));
	if (!insn->src)
		return NULL;
	insn->dst = (uint32_t)builder->n_registers;
	builder->spans[builder->n_code] = span;
	builder->code[builder->n_code++] = insn;
	builder->known[builder->n_registers++] = (struct ck_known){ 0 };
	return insn;
}

/* A register that holds one value of this type. */
static bool know_one(struct ck_builder *builder, uint32_t reg, struct ck_type type, struct ck_span span)
{
	struct ck_known *known = &builder->known[reg];

	known->n = 1;
	known->types = ck_arena_array(builder->compiler->arena, 1, sizeof(*known->types));
	known->spans = ck_arena_array(builder->compiler->arena, 1, sizeof(*known->spans));
	if (!known->types || !known->spans)
		return false;
	known->types[0] = type;
	known->spans[0] = span;
	return true;
}

static const struct ck_type anything = { .dtype = CK_DT_NONE, .rank = -1 };

bool ck_names_dim(struct ck_builder *builder, const struct ck_ast_dim *dim)
{
	const struct ck_ast_value *value = dim->kind == CK_AST_DIM_VALUE ? dim->value : NULL;
	size_t local;

	if (!value || value->kind != CK_AST_CALL || value->has_args)
		return false;
	local = ck_locals_find(&builder->locals, value->name.text);
	if (local != SIZE_MAX)
		return builder->locals.items[local]->kind == CK_LOCAL_DIM;
	return !ck_scope_value(builder->compiler, value->name.text) && ck_dtype_find(value->name.text) == CK_DT_NONE;
}

void ck_collect_patterns(struct ck_builder *builder, const struct ck_ast_expr *expr)
{
	Ck__Plan__Pattern *pattern;

	switch (expr->kind) {
	case CK_AST_REF:
		/* Messages come in the second pass; this one only learns the kinds of captures. */
		if (expr->ref.has_name)
			(void)!ck_pattern_parse(&builder->locals, &builder->scope, &expr->ref.name, true, builder->compiler->diags,
						&pattern);
		return;
	case CK_AST_FILL:
		return;
	case CK_AST_TUPLE:
		for (size_t i = 0; i < expr->n_members; i++)
			ck_collect_patterns(builder, expr->members[i]);
		return;
	case CK_AST_PIPE:
		ck_collect_patterns(builder, expr->operand);
		return;
	}
}

void ck_collect_dims(struct ck_builder *builder, const struct ck_ast_expr *expr)
{
	if (expr->kind == CK_AST_PIPE)
		ck_collect_dims(builder, expr->operand);
	for (size_t i = 0; expr->kind == CK_AST_TUPLE && i < expr->n_members; i++)
		ck_collect_dims(builder, expr->members[i]);
	for (size_t i = 0; expr->kind == CK_AST_REF && expr->type && i < expr->type->n_dims; i++) {
		const struct ck_ast_value *value = expr->type->dims[i].value;

		if (ck_names_dim(builder, &expr->type->dims[i]))
			ck_locals_add(&builder->locals, value->name.text, CK_LOCAL_DIM, value->span);
	}
}

static void mark_pieces(Ck__Plan__Piece *const *pieces, size_t n, bool *mask)
{
	for (size_t i = 0; i < n; i++) {
		if (pieces[i]->local)
			mask[pieces[i]->local - 1] = true;
		mark_pieces(pieces[i]->pieces, pieces[i]->n_pieces, mask);
	}
}

void ck_mark_captures(const Ck__Plan__Pattern *pattern, bool *mask)
{
	mark_pieces(pattern->pieces, pattern->n_pieces, mask);
	mark_pieces(pattern->slot, pattern->n_slot, mask);
}

/* A local that an expression uses and the mask does not have; SIZE_MAX: none. Expressions are no deeper than the grammar lets them be. */
static size_t find_outside(const Ck__Plan__Expr *expr, const bool *mask, size_t n_locals)
{
	const Ck__Plan__Name *name = expr->name;
	size_t found = expr->kind == CK_EXPR_LOCAL && expr->index < n_locals && !mask[expr->index] ? expr->index : SIZE_MAX;

	for (size_t i = 0; i < expr->n_args && found == SIZE_MAX; i++)
		found = find_outside(expr->args[i], mask, n_locals);
	for (int slot = 0; name && slot < 2; slot++) {
		Ck__Plan__Part *const *parts = slot ? name->slot : name->parts;
		size_t n = slot ? name->n_slot : name->n_parts;

		for (size_t i = 0; i < n && found == SIZE_MAX; i++) {
			bool local = parts[i]->kind == CK_PART_LOCAL || parts[i]->kind == CK_PART_CHOICE;

			if (local && parts[i]->local < n_locals && !mask[parts[i]->local])
				found = parts[i]->local;
			else if (parts[i]->expr)
				found = find_outside(parts[i]->expr, mask, n_locals);
		}
	}
	return found;
}

bool ck_expr_uses(struct ck_builder *builder, const Ck__Plan__Expr *expr, size_t local)
{
	bool *mask = ck_arena_array(builder->compiler->arena, builder->locals.n_items + 1, sizeof(*mask));

	for (size_t i = 0; mask && i < builder->locals.n_items; i++)
		mask[i] = i != local;
	return mask && find_outside(expr, mask, builder->locals.n_items) == local;
}

/* The `where` of one source is asked before the join, so it sees only what that source captures. */
static Ck__Plan__Expr *lower_source_where(struct ck_builder *builder, const struct ck_ast_value *where, const Ck__Plan__Pattern *pattern)
{
	size_t n = builder->locals.n_items, outside;
	bool *mask = ck_arena_array(builder->compiler->arena, n + 1, sizeof(*mask));
	Ck__Plan__Expr *expr = ck_lower_value(builder, where, CK_IN_WHERE);
	struct ck_diag *diag;

	if (!mask || !expr || !ck_check_truth(builder, where, CK_IN_WHERE))
		return NULL;
	if (pattern) {
		ck_mark_captures(pattern, mask);
	} else {
		mask[ck_locals_find(&builder->locals, CK_STR("*1"))] = true;
	}
	outside = find_outside(expr, mask, n);
	if (outside == SIZE_MAX)
		return expr;
	diag = ck_error(builder->compiler->diags, CK_UNKNOWN_CAPTURE, where->span, "this source does not capture `%.*s`",
			CK_STR_ARG(ck_str_of(builder->locals.items[outside]->name)));
	ck_diag_label(builder->compiler->diags, diag, builder->locals.spans[outside], "captured here");
	ck_diag_help(builder->compiler->diags, diag,
		     "a `where` after one source sees its own captures; after the closing parenthesis of a tuple it sees all");
	return NULL;
}

/* A lone `rest` captures the whole name, as its first unnamed wildcard. */
static bool capture_rest(struct ck_builder *builder, struct ck_span span)
{
	size_t at = ck_locals_add(&builder->locals, CK_STR("*1"), CK_LOCAL_STARSTAR, span);
	struct ck_diag *diag;

	if (at == SIZE_MAX || builder->locals.items[at]->kind == CK_LOCAL_STARSTAR)
		return at != SIZE_MAX;
	diag = ck_error(builder->compiler->diags, CK_WILDCARD_MISMATCH, span, "wildcards of a tuple that do not correspond");
	ck_diag_label(builder->compiler->diags, diag, builder->locals.spans[at], "joined with this one");
	ck_diag_help(builder->compiler->diags, diag, "`rest` captures the whole name as `**` does: name the other wildcard, such as {x:%.*s}",
		     CK_STR_ARG(builder->locals.forms[at]));
	return false;
}

int64_t ck_lower_source(struct ck_builder *builder, const struct ck_ast_ref *ref, const struct ck_ast_value *where)
{
	struct ck_compiler *compiler = builder->compiler;
	Ck__Plan__Source *source = ck_arena_alloc(compiler->arena, sizeof(*source));
	Ck__Plan__Insn *insn;
	uint32_t input;

	if (!source)
		return -1;
	ck__plan__source__init(source);
	if (!ck_scope_input(compiler, &ref->input, &input))
		return -1;
	source->input = builder->in_check && !ref->input.text.n ? CK_INPUT_TARGET : input;
	source->rest = ref->is_rest;
	if (builder->in_check && ref->is_rest) {
		ck_diag_help(compiler->diags, ck_error(compiler->diags, CK_BAD_CHECK, ref->span, "`rest` has no meaning in a check"),
			     "patterns of a check name targets: write \"**\" for all of them, or a part such as \"blocks/**\"");
		return -1;
	}
	if (ref->has_name && ck_pattern_parse(&builder->locals, &builder->scope, &ref->name, false, compiler->diags, &source->pattern) != CK_OK)
		return -1;
	if (!ref->has_name && !capture_rest(builder, ref->span))
		return -1;
	insn = ck_emit(builder, CK_OP_SOURCE, ref->span, 0);
	if (!insn)
		return -1;
	insn->source = source;
	builder->n_sources++;
	if (where) {
		insn->where = lower_source_where(builder, where, source->pattern);
		if (!insn->where)
			return -1;
	}
	return know_one(builder, insn->dst, anything, ref->span) ? (int64_t)insn->dst : -1;
}

/* One dimension of a type. Returns its size if the text tells, -1 if not, -2 after a message. */
static int64_t lower_dim(struct ck_builder *builder, const struct ck_ast_dim *dim, bool binds, Ck__Plan__DimSpec *spec)
{
	const struct ck_ast_value *value = dim->value;
	struct ck_value known;
	size_t local;

	spec->kind = dim->kind == CK_AST_DIM_ANY ? CK_DIM_ANY : dim->kind == CK_AST_DIM_ELLIPSIS ? CK_DIM_ELLIPSIS : CK_DIM_VALUE;
	if (spec->kind != CK_DIM_VALUE)
		return -1;
	if (value->kind == CK_AST_CALL && !value->has_args) {
		local = ck_locals_find(&builder->locals, value->name.text);
		if (local == SIZE_MAX && binds && ck_names_dim(builder, dim))
			local = ck_locals_add(&builder->locals, value->name.text, CK_LOCAL_DIM, value->span);
		if (local != SIZE_MAX && builder->locals.items[local]->kind == CK_LOCAL_DIM) {
			spec->kind = CK_DIM_BIND;
			spec->local = (uint32_t)local;
			return -1;
		}
	}
	spec->expr = ck_lower_value(builder, value, CK_IN_ARGUMENT);
	if (!spec->expr || !ck_fold(builder, spec->expr, value->span, &known))
		return -2;
	if (known.unknown)
		return -1;
	if (known.kind != CK_EXPR_INT || known.integer < 0) {
		struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_VALUE, value->span, "a dimension is an integer from 0 up");
		ck_diag_help(builder->compiler->diags, diag, "write `_` for any size, `...` for any number of dimensions");
		return -2;
	}
	return known.integer;
}

static bool lower_dtype_word(struct ck_builder *builder, const struct ck_ast_ident *name, Ck__Plan__Type *type)
{
	struct ck_diag *diag;

	if (!name->text.n || ck_dtype_find(name->text) != CK_DT_NONE) {
		type->dtype = name->text.n ? ck_dtype_find(name->text) : 0;
		return true;
	}
	diag = ck_error(builder->compiler->diags, CK_UNKNOWN_OPERATOR, name->span, "there is no dtype `%.*s`", CK_STR_ARG(name->text));
	ck_dtype_help(builder->compiler->diags, diag, name->text);
	ck_diag_help(builder->compiler->diags, diag, "`_` stands for any dtype: _[768]");
	return false;
}

Ck__Plan__Type *ck_lower_type(struct ck_builder *builder, const struct ck_ast_type *ast, bool binds, struct ck_type *ret_known)
{
	struct ck_arena *arena = builder->compiler->arena;
	Ck__Plan__Type *type = ck_arena_alloc(arena, sizeof(*type));
	int64_t *dims = ck_arena_array(arena, ast->n_dims + 1, sizeof(*dims));
	size_t n_ellipses = 0;
	bool good = true;

	if (!type || !dims)
		return NULL;
	ck__plan__type__init(type);
	good = lower_dtype_word(builder, &ast->dtype, type);
	type->dims = ck_arena_array(arena, ast->n_dims + 1, sizeof(*type->dims));
	for (size_t i = 0; type->dims && i < ast->n_dims; i++) {
		type->dims[i] = ck_arena_alloc(arena, sizeof(**type->dims));
		if (!type->dims[i])
			return NULL;
		ck__plan__dim_spec__init(type->dims[i]);
		dims[i] = lower_dim(builder, &ast->dims[i], binds, type->dims[i]);
		good = good && dims[i] != -2;
		n_ellipses += ast->dims[i].kind == CK_AST_DIM_ELLIPSIS;
	}
	type->n_dims = ast->n_dims;
	if (n_ellipses > 1) {
		struct ck_diag *diag = ck_error(builder->compiler->diags, CK_BAD_VALUE, ast->span, "`...` stands twice in one type");
		ck_diag_help(builder->compiler->diags, diag, "one `...` stands for any number of dimensions; write `_` for each other one");
		good = false;
	}
	*ret_known = (struct ck_type){ .dtype = (enum ck_dtype)type->dtype, .rank = n_ellipses ? -1 : (int)ast->n_dims, .dims = dims };
	return good && type->dims ? type : NULL;
}

bool ck_assert_type(struct ck_builder *builder, struct ck_type *known, const struct ck_type *type, struct ck_span span,
		    struct ck_span origin)
{
	struct ck_diags *diags = builder->compiler->diags;
	enum ck_code code = CK_OK;
	int64_t *dims;

	if (known->dtype != CK_DT_NONE && type->dtype != CK_DT_NONE && known->dtype != type->dtype)
		code = CK_DTYPE;
	else if (known->rank >= 0 && type->rank >= 0 && known->rank != type->rank)
		code = CK_RANK;
	for (int i = 0; code == CK_OK && known->rank >= 0 && i < type->rank; i++)
		if (known->dims[i] >= 0 && type->dims[i] >= 0 && known->dims[i] != type->dims[i])
			code = CK_SHAPE;
	if (code != CK_OK) {
		struct ck_buf found = { 0 }, wanted = { 0 };
		struct ck_diag *diag;

		ck_buf_type(&found, known);
		ck_buf_type(&wanted, type);
		diag = ck_error(diags, code, span, "the operators make %.*s but %.*s is asserted", (int)found.n, found.p, (int)wanted.n, wanted.p);
		ck_diag_mark(diags, diag, "says %.*s", (int)wanted.n, wanted.p);
		ck_diag_label(diags, diag, origin, "is %.*s", (int)found.n, found.p);
		ck_diag_help(diags, diag, "change the operators, or the type");
		ck_buf_clear(&found);
		ck_buf_clear(&wanted);
		return false;
	}
	if (known->dtype == CK_DT_NONE)
		known->dtype = type->dtype;
	if (type->rank < 0)
		return true;
	dims = ck_arena_array(builder->compiler->arena, (size_t)type->rank + 1, sizeof(*dims));
	for (int i = 0; dims && i < type->rank; i++)
		dims[i] = known->rank >= 0 && known->dims[i] >= 0 ? known->dims[i] : type->dims[i];
	known->rank = type->rank;
	known->dims = dims;
	return dims != NULL;
}

static bool is_unknown(const struct ck_value *value)
{
	bool unknown = value->unknown;

	for (size_t i = 0; i < value->n_items && !unknown; i++)
		unknown = is_unknown(&value->items[i]);
	return unknown;
}

/* [a:b:s, -1]: a list with one item an axis, an integer or [start, stop, step]. */
static Ck__Plan__Expr *lower_indexes(struct ck_builder *builder, const struct ck_ast_expr *expr)
{
	struct ck_arena *arena = builder->compiler->arena;
	Ck__Plan__Expr *list = ck_expr_new(arena, CK_EXPR_LIST);

	if (!list)
		return NULL;
	list->args = ck_arena_array(arena, expr->n_indexes + 1, sizeof(*list->args));
	list->n_args = expr->n_indexes;
	for (size_t i = 0; list->args && i < expr->n_indexes; i++) {
		const struct ck_ast_index *index = &expr->indexes[i];
		const struct ck_ast_value *parts[3] = { index->start, index->stop, index->step };
		Ck__Plan__Expr *item = ck_expr_new(arena, CK_EXPR_LIST);

		if (!item)
			return NULL;
		item->args = ck_arena_array(arena, 3, sizeof(*item->args));
		item->n_args = 3;
		for (size_t j = 0; item->args && j < 3; j++) {
			item->args[j] = parts[j] ? ck_lower_value(builder, parts[j], CK_IN_ARGUMENT) : ck_expr_new(arena, CK_EXPR_NONE);
			if (!item->args[j])
				return NULL;
		}
		if (!item->args)
			return NULL;
		list->args[i] = index->is_slice ? item : item->args[0];
	}
	return list->args ? list : NULL;
}

/* What is wrong with indexes whatever they are taken of, such as a step of 0. */
static bool check_indexes(struct ck_builder *builder, const Ck__Plan__Expr *list, struct ck_span span)
{
	struct ck_value value;
	struct ck_infer infer = { .arena = builder->compiler->arena, .op = ck_op_info(CK_OP_INDEX), .args = &value, .operands = &anything,
				  .n_operands = 1 };
	struct ck_type *types;
	size_t n;
	enum ck_code code;

	if (!ck_fold(builder, list, span, &value))
		return false;
	code = is_unknown(&value) ? CK_OK : ck_op_infer(&infer, &types, &n);
	if (code != CK_OK)
		ck_error(builder->compiler->diags, code, span, "%.*s", CK_STR_ARG(infer.message));
	return code == CK_OK;
}

static int64_t lower_index(struct ck_builder *builder, int64_t operand, const struct ck_ast_expr *expr)
{
	Ck__Plan__Expr *list = lower_indexes(builder, expr);
	Ck__Plan__Insn *insn;

	if (!list || !check_indexes(builder, list, expr->index_span))
		return -1;
	insn = ck_emit(builder, CK_OP_INDEX, expr->index_span, 1);
	if (!insn)
		return -1;
	insn->src[0] = (uint32_t)operand;
	insn->args = ck_arena_array(builder->compiler->arena, 1, sizeof(*insn->args));
	if (!insn->args)
		return -1;
	insn->args[0] = list;
	insn->n_args = 1;
	return know_one(builder, insn->dst, anything, expr->span) ? (int64_t)insn->dst : -1;
}

int64_t ck_lower_index_and_type(struct ck_builder *builder, int64_t reg, const struct ck_ast_expr *expr)
{
	struct ck_type known;
	Ck__Plan__Type *type;
	Ck__Plan__Insn *insn;

	if (expr->n_indexes)
		reg = lower_index(builder, reg, expr);
	if (reg < 0 || !expr->type)
		return reg;
	type = ck_lower_type(builder, expr->type, true, &known);
	insn = type ? ck_emit(builder, CK_OP_TYPE, expr->type->span, 1) : NULL;
	if (!insn)
		return -1;
	insn->src[0] = (uint32_t)reg;
	insn->type = type;
	return know_one(builder, insn->dst, known, expr->span) ? (int64_t)insn->dst : -1;
}

static bool fill_type_is_whole(struct ck_builder *builder, const struct ck_ast_type *ast)
{
	struct ck_diag *diag;

	for (size_t i = 0; i < ast->n_dims; i++) {
		if (ast->dims[i].kind == CK_AST_DIM_VALUE)
			continue;
		diag = ck_error(builder->compiler->diags, CK_BAD_VALUE, ast->span, "a fill makes data: every dimension must be a size");
		ck_diag_help(builder->compiler->diags, diag, "write the size instead of `_` or `...`");
		return false;
	}
	if (ast->dtype.text.n)
		return true;
	diag = ck_error(builder->compiler->diags, CK_DTYPE, ast->span, "a fill makes data: it needs a dtype");
	ck_diag_help(builder->compiler->diags, diag, "write it instead of `_`, such as f32");
	return false;
}

bool ck_check_fill(struct ck_builder *builder, const Ck__Plan__Expr *fill, struct ck_span span, const struct ck_ast_type *ast,
		   const struct ck_type *type)
{
	struct ck_diags *diags = builder->compiler->diags;
	struct ck_infer infer = { .arena = builder->compiler->arena };
	struct ck_value value;
	struct ck_diag *diag;
	enum ck_code code;

	if (!fill_type_is_whole(builder, ast) || !ck_fold(builder, fill, span, &value))
		return false;
	code = is_unknown(&value) ? CK_OK : ck_fill_check(&infer, &value, type);
	if (code == CK_OK)
		return true;
	diag = ck_error(diags, code, span, "%.*s", CK_STR_ARG(infer.message));
	if (infer.help.n)
		ck_diag_help(diags, diag, "%.*s", CK_STR_ARG(infer.help));
	return false;
}

int64_t ck_lower_fill_term(struct ck_builder *builder, const struct ck_ast_expr *expr, int64_t context)
{
	Ck__Plan__Expr *fill = ck_lower_fill(builder, expr->fill.name, expr->fill.is_template, expr->fill.args, expr->fill.n_args, false);
	struct ck_type known;
	Ck__Plan__Type *type = ck_lower_type(builder, expr->type, false, &known);
	Ck__Plan__Insn *insn;

	if (!fill || !type || !ck_check_fill(builder, fill, expr->fill.name.span, expr->type, &known))
		return -1;
	insn = ck_emit(builder, CK_OP_FILL, expr->span, context >= 0);
	if (!insn)
		return -1;
	if (context >= 0)
		insn->src[0] = (uint32_t)context;
	insn->args = ck_arena_array(builder->compiler->arena, 1, sizeof(*insn->args));
	if (!insn->args)
		return -1;
	insn->args[0] = fill;
	insn->n_args = 1;
	insn->type = type;
	return know_one(builder, insn->dst, known, expr->span) ? (int64_t)insn->dst : -1;
}

int64_t ck_lower_expr(struct ck_builder *builder, const struct ck_ast_expr *expr)
{
	int64_t operand;

	switch (expr->kind) {
	case CK_AST_REF:
		operand = ck_lower_source(builder, &expr->ref, expr->where);
		return operand < 0 ? -1 : ck_lower_index_and_type(builder, operand, expr);
	case CK_AST_FILL:
		return ck_lower_fill_term(builder, expr, -1);
	case CK_AST_TUPLE:
		return ck_lower_tuple(builder, expr);
	case CK_AST_PIPE:
		operand = ck_lower_expr(builder, expr->operand);
		return operand < 0 ? -1 : ck_lower_call(builder, operand, expr->operand->span, &expr->call);
	}
	return -1;
}
