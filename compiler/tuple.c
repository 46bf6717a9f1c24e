/*
 * Tuples become code. A member may use captures and dimensions of the others, in a fill, an operator, an index or a type: it is
 * lowered for each row that it has together with them.
 */
#include "compiler/internal.h"

/* The tuple's known members, one after another. */
static bool know_members(struct ck_builder *builder, uint32_t dst, const Ck__Plan__Insn *insn)
{
	struct ck_arena *arena = builder->compiler->arena;
	struct ck_known *known;
	size_t n = 0, at = 0;

	for (size_t i = 0; i < insn->n_src; i++) {
		if (!builder->known[insn->src[i]].n) {
			builder->known[dst].is_tuple = true;
			return true;
		}
		n += builder->known[insn->src[i]].n;
	}
	known = &builder->known[dst];
	known->is_tuple = true;
	known->n = n;
	known->types = ck_arena_array(arena, n + 1, sizeof(*known->types));
	known->spans = ck_arena_array(arena, n + 1, sizeof(*known->spans));
	if (!known->types || !known->spans)
		return false;
	for (size_t i = 0; i < insn->n_src; i++)
		for (size_t j = 0; j < builder->known[insn->src[i]].n; j++, at++) {
			known->types[at] = builder->known[insn->src[i]].types[j];
			known->spans[at] = builder->known[insn->src[i]].spans[j];
		}
	return true;
}

static int64_t emit_join(struct ck_builder *builder, const int64_t *registers, size_t n, struct ck_span span)
{
	Ck__Plan__Insn *insn = ck_emit(builder, CK_OP_JOIN, span, n);

	if (!insn)
		return -1;
	for (size_t i = 0; i < n; i++)
		insn->src[i] = (uint32_t)registers[i];
	return know_members(builder, insn->dst, insn) ? (int64_t)insn->dst : -1;
}

/* ---- what a member uses of the others */

struct member {
	const struct ck_ast_expr *expr, *term;	/* the whole, and what its operators begin with */
	bool *own;				/* [locals] captures and dimensions that its term binds */
	bool term_waits, operators_wait;	/* for what other members bind */
	int64_t reg;				/* of its value; of its term, as long as its operators wait */
};

struct tuple {
	struct ck_builder *builder;
	struct ck_span span;
	struct member *members;
	size_t n;
};

/* Marks what a pattern captures. Messages come when it is lowered. */
static void mark_pattern(struct ck_builder *builder, const struct ck_ast_name *name, bool *own)
{
	Ck__Plan__Pattern *pattern = NULL;
	struct ck_diags ignored;

	if (!ck_diags_init(&ignored))
		return;
	if (ck_pattern_parse(&builder->locals, &builder->scope, name, false, &ignored, &pattern) == CK_OK)
		ck_mark_captures(pattern, own);
	ck_diags_clear(&ignored);
}

/* Marks what the sources of an expression bind. */
static void mark_own(struct ck_builder *builder, const struct ck_ast_expr *expr, bool *own)
{
	size_t rest = ck_locals_find(&builder->locals, CK_STR("*1"));

	if (expr->kind == CK_AST_PIPE)
		mark_own(builder, expr->operand, own);
	for (size_t i = 0; expr->kind == CK_AST_TUPLE && i < expr->n_members; i++)
		mark_own(builder, expr->members[i], own);
	if (expr->kind != CK_AST_REF)
		return;
	if (expr->ref.has_name)
		mark_pattern(builder, &expr->ref.name, own);
	if (!expr->ref.has_name && rest != SIZE_MAX)
		own[rest] = true;
	for (size_t i = 0; expr->type && i < expr->type->n_dims; i++)
		if (ck_names_dim(builder, &expr->type->dims[i]))
			own[ck_locals_find(&builder->locals, expr->type->dims[i].value->name.text)] = true;
}

/* Does a value name a capture or dimension that is not among these? */
static bool uses_others(const struct ck_builder *builder, const struct ck_ast_value *value, const bool *own)
{
	size_t local = value && value->kind == CK_AST_CALL && !value->has_args ? ck_locals_find(&builder->locals, value->name.text) : SIZE_MAX;
	bool others = local != SIZE_MAX && !own[local];

	if (!value || others)
		return others;
	for (size_t i = 0; i < value->n_args && !others; i++)
		others = uses_others(builder, value->args[i].value, own);
	for (size_t i = 0; i < value->n_items && !others; i++)
		others = uses_others(builder, value->items[i], own);
	return others || uses_others(builder, value->left, own) || uses_others(builder, value->right, own) || uses_others(builder, value->low, own) ||
	       uses_others(builder, value->high, own);
}

static bool term_waits(const struct ck_builder *builder, const struct ck_ast_expr *term, const bool *own)
{
	bool waits = false;

	for (size_t i = 0; i < term->n_indexes && !waits; i++)
		waits = uses_others(builder, term->indexes[i].start, own) || uses_others(builder, term->indexes[i].stop, own) ||
			uses_others(builder, term->indexes[i].step, own);
	for (size_t i = 0; term->type && i < term->type->n_dims && !waits; i++)
		waits = uses_others(builder, term->type->dims[i].value, own);
	return waits;
}

static bool operators_wait(const struct ck_builder *builder, const struct ck_ast_expr *expr, const bool *own)
{
	bool waits = false;

	for (; expr->kind == CK_AST_PIPE && !waits; expr = expr->operand)
		for (size_t i = 0; i < expr->call.n_args && !waits; i++)
			waits = uses_others(builder, expr->call.args[i].value, own);
	return waits;
}

/* A tuple in a tuple is one value only after some operator, so its rows are not looked for. */
static bool refuse_nested(struct tuple *tuple, const struct member *member)
{
	struct ck_diags *diags = tuple->builder->compiler->diags;
	struct ck_diag *diag = ck_error(diags, CK_UNKNOWN_CAPTURE, member->expr->span, "operators of this tuple use what another member of the outer one binds");

	ck_diag_help(diags, diag, "write such operators after the closing parenthesis of the outer tuple");
	return false;
}

static bool look_at(struct tuple *tuple, struct member *member, const struct ck_ast_expr *expr)
{
	struct ck_builder *builder = tuple->builder;

	*member = (struct member){ .expr = expr, .term = expr, .reg = -1 };
	while (member->term->kind == CK_AST_PIPE)
		member->term = member->term->operand;
	member->own = ck_arena_array(builder->compiler->arena, builder->locals.n_items + 1, sizeof(*member->own));
	if (!member->own)
		return false;
	mark_own(builder, member->term, member->own);
	if (member->term->kind == CK_AST_FILL)
		return true;
	if (member->term->kind == CK_AST_TUPLE)
		return !operators_wait(builder, expr, member->own) || refuse_nested(tuple, member);
	member->term_waits = term_waits(builder, member->term, member->own);
	member->operators_wait = operators_wait(builder, expr, member->own);
	return true;
}

static bool is_fill(const struct member *member)
{
	return member->term->kind == CK_AST_FILL;
}

/* ---- code */

/* The operators of a pipe, on a register that holds what it begins with. */
static int64_t lower_operators(struct ck_builder *builder, const struct ck_ast_expr *expr, int64_t reg)
{
	if (expr->kind != CK_AST_PIPE)
		return reg;
	reg = lower_operators(builder, expr->operand, reg);
	return reg < 0 ? -1 : ck_lower_call(builder, reg, expr->operand->span, &expr->call);
}

/* `last` in the rows that it has together with all members whose value is there; itself again where there are none. */
static int64_t beside_others(struct tuple *tuple, const struct member *but, int64_t last, struct ck_span span)
{
	struct ck_builder *builder = tuple->builder;
	int64_t *registers = ck_arena_array(builder->compiler->arena, tuple->n + 1, sizeof(*registers)), all;
	Ck__Plan__Insn *insn;
	size_t n = 0;

	for (size_t i = 0; registers && i < tuple->n; i++)
		if (&tuple->members[i] != but && tuple->members[i].reg >= 0)
			registers[n++] = tuple->members[i].reg;
	if (!registers || !n)
		return registers ? last : -1;
	registers[n++] = last;
	all = emit_join(builder, registers, n, tuple->span);
	insn = all < 0 ? NULL : ck_emit(builder, CK_OP_PICK, span, 1);
	if (!insn)
		return -1;
	insn->src[0] = (uint32_t)all;
	insn->args = ck_arena_array(builder->compiler->arena, 1, sizeof(*insn->args));
	if (!insn->args)
		return -1;
	insn->args[0] = ck_expr_int(builder->compiler->arena, -1);
	insn->n_args = 1;
	builder->known[insn->dst] = builder->known[last];
	return insn->args[0] ? (int64_t)insn->dst : -1;
}

/* What does not wait, or only its operators do. */
static bool lower_first(struct tuple *tuple)
{
	bool good = true;

	for (size_t i = 0; i < tuple->n; i++) {
		struct member *member = &tuple->members[i];

		if (is_fill(member) || member->term_waits)
			continue;
		member->reg = ck_lower_expr(tuple->builder, member->operators_wait ? member->term : member->expr);
		good = good && member->reg >= 0;
	}
	return good;
}

static bool lower_waiting(struct tuple *tuple, struct member *member)
{
	struct ck_builder *builder = tuple->builder;
	int64_t reg = member->reg;

	if (member->term_waits)
		reg = ck_lower_source(builder, &member->term->ref, member->term->where);
	if (reg >= 0)
		reg = beside_others(tuple, member, reg, member->term->span);
	if (reg >= 0 && member->term_waits)
		reg = ck_lower_index_and_type(builder, reg, member->term);
	member->reg = reg < 0 ? -1 : lower_operators(builder, member->expr, reg);
	return member->reg >= 0;
}

/* Is all there that a member waits for? Terms that are lowered have bound theirs. */
static bool is_ready(const struct tuple *tuple, const struct member *member)
{
	size_t n = tuple->builder->locals.n_items;
	bool *bound = ck_arena_array(tuple->builder->compiler->arena, n + 1, sizeof(*bound));

	for (size_t i = 0; bound && i < tuple->n; i++)
		for (size_t j = 0; j < n && (tuple->members[i].reg >= 0 || &tuple->members[i] == member); j++)
			bound[j] = bound[j] || tuple->members[i].own[j];
	return bound && !term_waits(tuple->builder, member->term, bound) && !operators_wait(tuple->builder, member->expr, bound);
}

/* One after another, each when what it waits for is there. */
static bool lower_rest(struct tuple *tuple)
{
	struct ck_diags *diags = tuple->builder->compiler->diags;
	struct member *waiting = NULL;
	bool more = true;

	while (more) {
		more = false;
		waiting = NULL;
		for (size_t i = 0; i < tuple->n; i++) {
			struct member *member = &tuple->members[i];

			if (is_fill(member) || !(member->term_waits || member->operators_wait))
				continue;
			if (!is_ready(tuple, member)) {
				waiting = member;
				continue;
			}
			if (!lower_waiting(tuple, member))
				return false;
			member->term_waits = member->operators_wait = false;
			more = true;
		}
	}
	if (!waiting)
		return true;
	ck_diag_help(diags,
		     ck_error(diags, CK_UNKNOWN_CAPTURE, waiting->expr->span, "this member of the tuple and another wait for each other's dimensions"),
		     "bind a dimension where nothing is computed from the other's, or write what needs both after the closing parenthesis");
	return false;
}

/* Fills are made for the rows of all others together. */
static bool lower_fills(struct tuple *tuple)
{
	struct ck_builder *builder = tuple->builder;
	int64_t *registers = ck_arena_array(builder->compiler->arena, tuple->n + 1, sizeof(*registers)), context = -1;
	size_t n = 0;

	for (size_t i = 0; registers && i < tuple->n; i++)
		if (!is_fill(&tuple->members[i]))
			registers[n++] = tuple->members[i].reg;
	if (!registers || n == tuple->n)
		return registers;
	if (n)
		context = n == 1 ? registers[0] : emit_join(builder, registers, n, tuple->span);
	if (n && context < 0)
		return false;
	for (size_t i = 0; i < tuple->n; i++) {
		struct member *member = &tuple->members[i];

		if (!is_fill(member))
			continue;
		member->reg = ck_lower_fill_term(builder, member->term, context);
		if (member->reg >= 0)
			member->reg = lower_operators(builder, member->expr, member->reg);
		if (member->reg < 0)
			return false;
	}
	return true;
}

static int64_t join_all(struct tuple *tuple)
{
	int64_t *registers = ck_arena_array(tuple->builder->compiler->arena, tuple->n + 1, sizeof(*registers));

	for (size_t i = 0; registers && i < tuple->n; i++)
		registers[i] = tuple->members[i].reg;
	return registers ? emit_join(tuple->builder, registers, tuple->n, tuple->span) : -1;
}

int64_t ck_lower_tuple(struct ck_builder *builder, const struct ck_ast_expr *expr)
{
	struct tuple tuple = { .builder = builder, .span = expr->span, .n = expr->n_members };
	bool good;
	int64_t result;

	tuple.members = ck_arena_array(builder->compiler->arena, tuple.n + 1, sizeof(*tuple.members));
	good = tuple.members != NULL;
	for (size_t i = 0; good && i < tuple.n; i++)
		good = look_at(&tuple, &tuple.members[i], expr->members[i]);
	good = good && lower_first(&tuple) && lower_rest(&tuple);
	result = good && lower_fills(&tuple) ? join_all(&tuple) : -1;
	if (result >= 0 && expr->where) {
		builder->code[builder->n_code - 1]->where = ck_lower_value(builder, expr->where, CK_IN_WHERE);
		if (!builder->code[builder->n_code - 1]->where || !ck_check_truth(builder, expr->where, CK_IN_WHERE))
			return -1;
	}
	return result;
}
