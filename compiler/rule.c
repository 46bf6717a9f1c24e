/* map, keep, drop and new: one statement becomes one rule. */
#include "compiler/internal.h"

#include <string.h>

Ck__Plan__Span *ck_span_message(struct ck_compiler *compiler, struct ck_span span)
{
	Ck__Plan__Span *message = ck_arena_alloc(compiler->arena, sizeof(*message));

	if (!message)
		return NULL;
	ck__plan__span__init(message);
	message->begin = span.begin;
	message->end = span.end;
	return message;
}

Ck__Plan__RuleSpans *ck_builder_spans(struct ck_builder *builder, const struct ck_ast_stmt *stmt)
{
	struct ck_compiler *compiler = builder->compiler;
	Ck__Plan__RuleSpans *spans = ck_arena_alloc(compiler->arena, sizeof(*spans));

	if (!spans)
		return NULL;
	ck__plan__rule_spans__init(spans);
	spans->statement = ck_span_message(compiler, stmt->span);
	spans->code = ck_arena_array(compiler->arena, builder->n_code + 1, sizeof(*spans->code));
	spans->goals = ck_arena_array(compiler->arena, stmt->n_goals + 1, sizeof(*spans->goals));
	if (!spans->code || !spans->goals)
		return NULL;
	for (size_t i = 0; i < builder->n_code; i++)
		spans->code[spans->n_code++] = ck_span_message(compiler, builder->spans[i]);
	for (size_t i = 0; i < stmt->n_goals; i++)
		spans->goals[spans->n_goals++] = ck_span_message(compiler, stmt->goals[i].span);
	return spans;
}

static void clear_used(struct ck_builder *builder)
{
	for (size_t i = 0; i < builder->locals.n_items; i++)
		builder->locals.used[i] = false;
}

static bool is_consumed(const struct ck_builder *builder, size_t local)
{
	return local < builder->n_consumed && builder->consumed[local];
}

static const char *what_of(const Ck__Plan__Local *local)
{
	switch ((enum ck_local_kind)local->kind) {
	case CK_LOCAL_CHOICE:
		return local->name.len && local->name.data[0] == '{' ? "alternation" : "capture";
	case CK_LOCAL_ONE:
	case CK_LOCAL_STAR:
	case CK_LOCAL_STARSTAR:
	case CK_LOCAL_CLASS:
		return "wildcard";
	case CK_LOCAL_TEXT:
	case CK_LOCAL_INT:
	case CK_LOCAL_UNIQ:
	case CK_LOCAL_INDEX:
	case CK_LOCAL_DIM:
		break;
	}
	return "capture";
}

static void report_unused(struct ck_builder *builder, size_t i, struct ck_span goal)
{
	const Ck__Plan__Local *local = builder->locals.items[i];
	struct ck_diags *diags = builder->compiler->diags;
	struct ck_str name = ck_str_of(local->name);
	bool is_unnamed = name.n && (name.p[0] == '*' || name.p[0] == '{');
	struct ck_diag *diag;

	if (is_unnamed)
		diag = ck_error(diags, CK_CAPTURE_NOT_USED, goal, "the target does not use %s number %.*s of the source", what_of(local),
				CK_STR_ARG(ck_str_slice(name, 1, name.n - (name.p[0] == '{'))));
	else
		diag = ck_error(diags, CK_CAPTURE_NOT_USED, goal, "the target does not use the capture `%.*s`", CK_STR_ARG(name));
	ck_diag_mark(diags, diag, "several variables would get this name");
	ck_diag_label(diags, diag, builder->locals.spans[i], "captured here");
	if (is_unnamed)
		ck_diag_help(diags, diag, "use it in the target, or name it, such as {x:*}, and join over it: stack(axis=0, over=x)");
	else
		ck_diag_help(diags, diag, "use {%.*s} in the target, or join the variables that differ in it: stack(axis=0, over=%.*s)",
			     CK_STR_ARG(name), CK_STR_ARG(name));
	ck_diag_help(diags, diag, "if only one variable is meant, write its name out");
}

/* Each capture must tell targets apart, or be joined over: else many variables would become one without a word. */
static bool check_captures(struct ck_builder *builder, const bool *in_where, struct ck_span goal)
{
	bool good = true;

	for (size_t i = 0; i < builder->locals.n_items; i++) {
		const Ck__Plan__Local *local = builder->locals.items[i];
		struct ck_str name = ck_str_of(local->name);
		struct ck_diag *diag;

		if (local->kind == CK_LOCAL_DIM)
			continue;
		if (is_consumed(builder, i) && builder->locals.used[i]) {
			diag = ck_error(builder->compiler->diags, CK_BAD_TEMPLATE, goal, "`%.*s` was joined over and has no value here",
					CK_STR_ARG(name));
			ck_diag_help(builder->compiler->diags, diag, "take {%.*s} out of the target, or leave out over=%.*s", CK_STR_ARG(name),
				     CK_STR_ARG(name));
			good = false;
		}
		if (is_consumed(builder, i) || builder->locals.used[i] || in_where[i])
			continue;
		report_unused(builder, i, goal);
		good = false;
	}
	return good;
}

static void use_all(struct ck_builder *builder)
{
	for (size_t i = 0; i < builder->locals.n_items; i++)
		if (!is_consumed(builder, i))
			builder->locals.used[i] = true;
}

static bool lower_same(struct ck_builder *builder, const struct ck_ast_goal *goal)
{
	struct ck_diag *diag;

	if (builder->n_sources == 1 && !builder->n_consumed) {
		use_all(builder);
		return true;
	}
	diag = ck_error(builder->compiler->diags, CK_BAD_TUPLE, goal->span, "`same` is the name of one source, here are several");
	ck_diag_help(builder->compiler->diags, diag, "write the target's name in quotes");
	return false;
}

/* The type of a goal, and the part that a failed assertion is about. */
static bool check_goal_type(struct ck_builder *builder, const struct ck_ast_goal *ast, Ck__Plan__Goal *goal, const struct ck_known *value,
			    size_t member)
{
	struct ck_type known;
	struct ck_type *type;

	goal->type = ck_lower_type(builder, ast->type, true, &known);
	if (!goal->type)
		return false;
	if (member >= value->n)
		return true;
	type = &value->types[member];
	return ck_assert_type(builder, type, &known, ast->type->span, value->spans[member]);
}

static Ck__Plan__Goal *lower_goal(struct ck_builder *builder, const struct ck_ast_goal *ast, const struct ck_known *value, size_t member,
				  const bool *in_where)
{
	Ck__Plan__Goal *goal = ck_arena_alloc(builder->compiler->arena, sizeof(*goal));

	if (!goal)
		return NULL;
	ck__plan__goal__init(goal);
	clear_used(builder);
	goal->same = ast->is_same;
	if (ast->is_same ? !lower_same(builder, ast)
			 : ck_template_parse(&builder->locals, &builder->scope, &ast->name, builder->compiler->diags, &goal->name) != CK_OK)
		return NULL;
	if (!check_captures(builder, in_where, ast->span))
		return NULL;
	if (ast->type && !check_goal_type(builder, ast, goal, value, member))
		return NULL;
	return goal;
}

static bool check_goal_count(struct ck_builder *builder, const struct ck_ast_stmt *stmt, const struct ck_known *value)
{
	struct ck_diag *diag;

	if (!value->n || value->n == stmt->n_goals || value->n == 1)
		return true;
	diag = ck_error(builder->compiler->diags, CK_BAD_TUPLE, stmt->goals[0].span, "%zu values for %zu target%s", value->n, stmt->n_goals,
			stmt->n_goals == 1 ? "" : "s");
	ck_diag_label(builder->compiler->diags, diag, stmt->expr->span, "makes %zu values", value->n);
	if (stmt->n_goals == 1)
		ck_diag_help(builder->compiler->diags, diag, "join them (concat, stack, add, mean), take one with pick(n), or name %zu targets: -> (\"a\", \"b\")",
			     value->n);
	else
		ck_diag_help(builder->compiler->diags, diag, "one target a value; one value may be copied to several targets");
	return false;
}

/* The last instruction of a map: each value gets its name. */
static bool emit_store(struct ck_builder *builder, const struct ck_ast_stmt *stmt, int64_t reg)
{
	struct ck_arena *arena = builder->compiler->arena;
	bool *in_where = ck_arena_array(arena, builder->locals.n_items + 1, sizeof(*in_where));
	Ck__Plan__Insn *insn;
	bool good = check_goal_count(builder, stmt, &builder->known[reg]);

	if (!in_where || !good)
		return false;
	for (size_t i = 0; i < builder->locals.n_items; i++)
		in_where[i] = builder->locals.used[i];
	insn = ck_emit(builder, CK_OP_STORE, stmt->n_goals ? stmt->goals[0].span : stmt->span, 1);
	if (!insn)
		return false;
	insn->src[0] = (uint32_t)reg;
	insn->goals = ck_arena_array(arena, stmt->n_goals + 1, sizeof(*insn->goals));
	for (size_t i = 0; insn->goals && i < stmt->n_goals; i++) {
		insn->goals[i] = lower_goal(builder, &stmt->goals[i], &builder->known[reg], builder->known[reg].n == 1 ? 0 : i, in_where);
		good = good && insn->goals[i];
	}
	insn->n_goals = stmt->n_goals;
	return good && insn->goals;
}

static bool lower_map(struct ck_builder *builder, const struct ck_ast_stmt *stmt)
{
	int64_t reg;

	ck_collect_patterns(builder, stmt->expr);
	ck_collect_dims(builder, stmt->expr);
	reg = ck_lower_expr(builder, stmt->expr);
	return reg >= 0 && emit_store(builder, stmt, reg);
}

/* How often a statement's patterns capture a local: twice is a condition. */
static size_t count_captures(const struct ck_builder *builder, size_t local)
{
	size_t n = 0;

	for (size_t i = 0; i < builder->n_code; i++) {
		const Ck__Plan__Pattern *pattern = builder->code[i]->source ? builder->code[i]->source->pattern : NULL;

		for (size_t j = 0; pattern && j < pattern->n_pieces; j++)
			n += pattern->pieces[j]->local == local + 1;
		for (size_t j = 0; pattern && j < pattern->n_slot; j++)
			n += pattern->slot[j]->local == local + 1;
	}
	return n;
}

/* In keep and drop nothing needs a named capture but `where`. Numbers are left out: only a capture matches digits. */
static void warn_unused(struct ck_builder *builder)
{
	for (size_t i = 0; i < builder->locals.n_items; i++) {
		const Ck__Plan__Local *local = builder->locals.items[i];
		struct ck_str name = ck_str_of(local->name);
		struct ck_diag *diag;
		bool used = local->kind == CK_LOCAL_INT || local->kind == CK_LOCAL_UNIQ || name.p[0] == '*' || name.p[0] == '{' ||
			    count_captures(builder, i) != 1;

		for (size_t j = 0; j < builder->n_code && !used; j++)
			used = builder->code[j]->where && ck_expr_uses(builder, builder->code[j]->where, i);
		if (used)
			continue;
		diag = ck_compiler_warn(builder->compiler, CK_UNUSED_NAME, builder->locals.spans[i], "the capture `%.*s` is never used", CK_STR_ARG(name));
		if (diag)
			ck_diag_help(builder->compiler->diags, diag, "write a wildcard, such as `*`, or narrow the statement with `where`");
	}
}

/* `keep P` is `map P -> same`. */
static bool lower_keep(struct ck_builder *builder, const struct ck_ast_stmt *stmt)
{
	struct ck_ast_goal same = { .span = stmt->expr->span, .is_same = true };
	struct ck_ast_stmt map = *stmt;

	map.goals = &same;
	map.n_goals = 1;
	if (!lower_map(builder, &map))
		return false;
	warn_unused(builder);
	return true;
}

static bool lower_drop(struct ck_builder *builder, const struct ck_ast_stmt *stmt)
{
	Ck__Plan__Insn *insn;
	int64_t reg;

	ck_collect_patterns(builder, stmt->expr);
	ck_collect_dims(builder, stmt->expr);
	reg = ck_lower_expr(builder, stmt->expr);
	insn = reg < 0 ? NULL : ck_emit(builder, CK_OP_DROP, stmt->span, 1);
	if (!insn)
		return false;
	insn->src[0] = (uint32_t)reg;
	warn_unused(builder);
	return true;
}

/* A pattern of literals as the template that makes the same name; NULL when it holds a wildcard. */
static Ck__Plan__Name *literal_name(struct ck_compiler *compiler, const Ck__Plan__Pattern *pattern)
{
	Ck__Plan__Name *name = ck_arena_alloc(compiler->arena, sizeof(*name));

	if (!name)
		return NULL;
	ck__plan__name__init(name);
	name->by = pattern->by;
	name->has_slot = pattern->has_slot;
	for (int slot = 0; slot < 2; slot++) {
		Ck__Plan__Piece *const *pieces = slot ? pattern->slot : pattern->pieces;
		size_t n = slot ? pattern->n_slot : pattern->n_pieces;
		Ck__Plan__Part **parts = ck_arena_array(compiler->arena, n + 1, sizeof(*parts));

		for (size_t i = 0; i < n; i++) {
			if (!parts || pieces[i]->kind != CK_PIECE_LITERAL)
				return NULL;
			parts[i] = ck_arena_alloc(compiler->arena, sizeof(**parts));
			if (!parts[i])
				return NULL;
			ck__plan__part__init(parts[i]);
			parts[i]->kind = CK_PART_LITERAL;
			parts[i]->text = pieces[i]->text;
		}
		if (slot) {
			name->slot = parts;
			name->n_slot = n;
		} else {
			name->parts = parts;
			name->n_parts = n;
		}
	}
	return name;
}

/* FILL and STORE; goal_name NULL: for the names of the rows of `context`. */
static bool emit_new(struct ck_builder *builder, const struct ck_ast_stmt *stmt, Ck__Plan__Name *goal_name, int64_t context)
{
	struct ck_arena *arena = builder->compiler->arena;
	Ck__Plan__Expr *fill = ck_lower_fill(builder, stmt->fill.name, stmt->fill.is_template, stmt->fill.args, stmt->fill.n_args, false);
	Ck__Plan__Insn *insn = fill ? ck_emit(builder, CK_OP_FILL, stmt->fill.span, context >= 0) : NULL;
	Ck__Plan__Goal *goal = ck_arena_alloc(arena, sizeof(*goal));
	struct ck_type known;

	if (!insn || !goal)
		return false;
	if (context >= 0)
		insn->src[0] = (uint32_t)context;
	insn->args = ck_arena_array(arena, 1, sizeof(*insn->args));
	if (!insn->args)
		return false;
	insn->args[0] = fill;
	insn->n_args = 1;
	insn->type = stmt->type ? ck_lower_type(builder, stmt->type, false, &known) : NULL;
	if (stmt->type && !insn->type)
		return false;
	/* The type of many is an assertion about the template's. */
	if (stmt->type && context < 0 && !ck_check_fill(builder, fill, stmt->fill.name.span, stmt->type, &known))
		return false;
	uint32_t value = insn->dst;

	insn = ck_emit(builder, CK_OP_STORE, stmt->span, 1);
	if (!insn)
		return false;
	ck__plan__goal__init(goal);
	goal->same = !goal_name;
	goal->name = goal_name;
	insn->src[0] = value;
	insn->goals = ck_arena_array(arena, 1, sizeof(*insn->goals));
	insn->n_goals = 1;
	if (!insn->goals)
		return false;
	insn->goals[0] = goal;
	return true;
}

static bool lower_new(struct ck_builder *builder, const struct ck_ast_stmt *stmt)
{
	struct ck_compiler *compiler = builder->compiler;
	Ck__Plan__Source *source = ck_arena_alloc(compiler->arena, sizeof(*source));
	Ck__Plan__Name *literal = NULL;
	Ck__Plan__Insn *insn;

	if (!source)
		return false;
	ck__plan__source__init(source);
	source->input = CK_INPUT_TEMPLATE;
	source->rest = stmt->is_rest;
	if (!stmt->is_rest) {
		if (ck_pattern_parse(&builder->locals, &builder->scope, &stmt->target, false, compiler->diags, &source->pattern) != CK_OK)
			return false;
		literal = literal_name(compiler, source->pattern);
	}
	if (literal)
		return emit_new(builder, stmt, literal, -1);
	if (stmt->is_rest && ck_locals_add(&builder->locals, CK_STR("*1"), CK_LOCAL_STARSTAR, stmt->span) == SIZE_MAX)
		return false;
	insn = ck_emit(builder, CK_OP_UNMADE, stmt->is_rest ? stmt->span : stmt->target.span, 0);
	if (!insn)
		return false;
	insn->source = source;
	return emit_new(builder, stmt, NULL, insn->dst);
}

static bool lower_code(struct ck_builder *builder, const struct ck_ast_stmt *stmt, enum ck_rule_kind *ret_kind)
{
	if (stmt->kind == CK_AST_MAP) {
		*ret_kind = CK_RULE_MAP;
		return lower_map(builder, stmt);
	}
	if (stmt->kind == CK_AST_KEEP) {
		*ret_kind = CK_RULE_KEEP;
		return lower_keep(builder, stmt);
	}
	if (stmt->kind == CK_AST_DROP) {
		*ret_kind = CK_RULE_DROP;
		return lower_drop(builder, stmt);
	}
	*ret_kind = CK_RULE_NEW;
	return lower_new(builder, stmt);
}

void ck_lower_rule(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	Ck__Plan__Rule *rule = ck_arena_alloc(compiler->arena, sizeof(*rule));
	Ck__Plan__RuleSpans *spans;
	struct ck_builder builder;
	enum ck_rule_kind kind;

	ck_builder_init(&builder, compiler);
	if (!rule || !lower_code(&builder, stmt, &kind))
		return;
	spans = ck_builder_spans(&builder, stmt);
	if (!spans)
		return;
	ck__plan__rule__init(rule);
	rule->kind = kind;
	rule->also = stmt->also;
	rule->optional = stmt->optional;
	rule->because = ck_bytes(stmt->because.text);
	rule->locals = builder.locals.items;
	rule->n_locals = builder.locals.n_items;
	rule->n_registers = (uint32_t)builder.n_registers;
	rule->code = builder.code;
	rule->n_code = builder.n_code;
	compiler->debug->rules[compiler->debug->n_rules++] = spans;
	compiler->code->rules[compiler->code->n_rules++] = rule;
}
