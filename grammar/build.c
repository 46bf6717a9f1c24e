/* The makers of nodes. They look at no meaning; they only keep spans, depth and order. */
#include "grammar/reader.h"

#include <string.h>

struct ck_list ck_list_add(struct ck_reader *reader, struct ck_list list, const void *item, size_t size)
{
	/* Most lists have one item, and room for more would be most of the tree. */
	if (!list.capacity) {
		list.items = ck_arena_array(reader->arena, 1, size);
		list.capacity = list.items ? 1 : 0;
	}
	if (!list.items || !ck_arena_grow(reader->arena, &list.items, list.n, &list.capacity, size))
		return list;
	memcpy((char *)list.items + list.n * size, item, size);
	list.n++;
	return list;
}

/* Depth. */

static uint32_t deeper_of(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t value_depth(const struct ck_ast_value *value)
{
	return value ? value->depth : 0;
}

static uint32_t args_depth(const struct ck_ast_arg *args, size_t n_args)
{
	uint32_t depth = 0;

	for (size_t i = 0; i < n_args; i++)
		depth = deeper_of(depth, value_depth(args[i].value));
	return depth;
}

static uint32_t type_depth(const struct ck_ast_type *type)
{
	uint32_t depth = 0;

	for (size_t i = 0; type && i < type->n_dims; i++)
		depth = deeper_of(depth, value_depth(type->dims[i].value));
	return depth;
}

/* The depth of a node above one of depth `below`. Long sums and pipes lean to the left and count too: whoever walks the tree recurses. */
static uint32_t depth_above(struct ck_reader *reader, uint32_t below, struct ck_span span)
{
	if (below < CK_MAX_NESTING)
		return below + 1;
	ck_too_deep(reader, span);
	return CK_MAX_NESTING;
}

/* Values. */

struct ck_ast_value *ck_build_value(struct ck_reader *reader, enum ck_ast_value_kind kind, struct ck_span span)
{
	struct ck_ast_value *value = ck_arena_alloc(reader->arena, sizeof(*value));

	if (!value)
		value = &reader->no_value;
	*value = (struct ck_ast_value){.kind = kind, .span = span, .depth = 1};
	return value;
}

struct ck_ast_value *ck_build_number(struct ck_reader *reader, struct ck_span span, double number)
{
	struct ck_ast_value *value = ck_build_value(reader, CK_AST_FLOAT, span);

	value->number = number;
	return value;
}

struct ck_ast_value *ck_build_string(struct ck_reader *reader, struct ck_span span, struct ck_ast_string string)
{
	struct ck_ast_value *value = ck_build_value(reader, CK_AST_STRING, span);

	value->string = string;
	return value;
}

struct ck_ast_value *ck_build_call(struct ck_reader *reader, struct ck_span span, const struct ck_ast_call *call)
{
	struct ck_ast_value *value = ck_build_value(reader, call->is_template ? CK_AST_TEMPLATE : CK_AST_CALL, span);

	value->name = call->name;
	value->has_args = call->has_args;
	value->args = call->args;
	value->n_args = call->n_args;
	value->depth = depth_above(reader, args_depth(call->args, call->n_args), span);
	return value;
}

struct ck_ast_value *ck_build_items(struct ck_reader *reader, struct ck_span span, struct ck_list items)
{
	struct ck_ast_value *value = ck_build_value(reader, CK_AST_LIST, span);
	uint32_t depth = 0;

	value->items = items.items;
	value->n_items = items.n;
	for (size_t i = 0; i < items.n; i++)
		depth = deeper_of(depth, value->items[i]->depth);
	value->depth = depth_above(reader, depth, span);
	return value;
}

struct ck_ast_value *ck_build_unary(struct ck_reader *reader, struct ck_span span, enum ck_ast_op op, struct ck_ast_value *left)
{
	uint32_t depth = depth_above(reader, left->depth, span);
	struct ck_ast_value *value = ck_build_value(reader, CK_AST_UNARY, span);

	value->op = op;
	value->left = left;
	value->depth = depth;
	return value;
}

struct ck_ast_value *ck_build_binary(struct ck_reader *reader, struct ck_span span, enum ck_ast_op op, struct ck_ast_value *left,
				     struct ck_ast_value *right)
{
	uint32_t depth = depth_above(reader, deeper_of(left->depth, right->depth), span);
	struct ck_ast_value *value = ck_build_value(reader, CK_AST_BINARY, span);

	value->op = op;
	value->left = left;
	value->right = right;
	value->depth = depth;
	return value;
}

struct ck_ast_value *ck_build_within(struct ck_reader *reader, struct ck_span span, struct ck_ast_value *left, struct ck_ast_value *low,
				     struct ck_ast_value *high)
{
	uint32_t depth = deeper_of(left->depth, deeper_of(low->depth, high->depth));
	struct ck_ast_value *value = ck_build_value(reader, CK_AST_WITHIN, span);

	value->left = left;
	value->low = low;
	value->high = high;
	value->depth = depth_above(reader, depth, span);
	return value;
}

struct ck_ast_value *ck_build_expr_value(struct ck_reader *reader, struct ck_ast_expr *expr)
{
	struct ck_ast_value *value = ck_build_value(reader, CK_AST_EXPR, expr->span);

	value->expr = expr;
	value->depth = depth_above(reader, expr->depth, expr->span);
	return value;
}

struct ck_ast_value *ck_build_item(struct ck_reader *reader, struct ck_ast_value *value)
{
	struct ck_span left, right;
	struct ck_str between, minus;
	struct ck_diag *diag;

	if (value->kind != CK_AST_BINARY || value->op != CK_AST_SUB)
		return value;
	left = value->left->span;
	right = value->right->span;
	between = ck_read_text(reader, (struct ck_span){left.file, left.end, right.begin});
	if (between.n < 2 || between.p[between.n - 1] != '-' || between.p[0] == '-')
		return value;
	minus = ck_read_text(reader, right);
	diag = ck_warn(reader->diags, CK_MISSING_COMMA, value->span, "a subtraction that looks like two items of a list");
	ck_diag_mark(reader->diags, diag, "one item");
	if (minus.n < 40)
		ck_diag_help(reader->diags, diag, "write `, -%.*s` for two items, or ` - %.*s` for a subtraction", CK_STR_ARG(minus), CK_STR_ARG(minus));
	else
		ck_diag_help(reader->diags, diag, "write a comma before the `-` for two items, or a space after it for a subtraction");
	return value;
}

/* Expressions. */

struct ck_ast_expr *ck_build_expr(struct ck_reader *reader, enum ck_ast_expr_kind kind, struct ck_span span)
{
	struct ck_ast_expr *expr = ck_arena_alloc(reader->arena, sizeof(*expr));

	if (!expr)
		expr = &reader->no_expr;
	*expr = (struct ck_ast_expr){.kind = kind, .span = span, .depth = 1};
	return expr;
}

struct ck_ast_expr *ck_build_plain(struct ck_reader *reader, struct ck_span span, struct ck_ast_string string)
{
	struct ck_ast_expr *expr = ck_build_expr(reader, CK_AST_REF, span);
	struct ck_ast_name name = ck_build_name(string.span, CK_AST_BY_NAME, string);

	expr->ref = ck_build_named_ref(string.span, (struct ck_ast_ident){0}, false, &name);
	return expr;
}

struct ck_ast_expr *ck_build_ref(struct ck_reader *reader, struct ck_span span, const struct ck_ast_ref *ref, const struct ck_list *indexes,
				 struct ck_span index_span, struct ck_ast_type *type)
{
	struct ck_ast_expr *expr = ck_build_expr(reader, CK_AST_REF, span);
	uint32_t depth = type_depth(type);

	expr->ref = *ref;
	expr->type = type;
	if (indexes) {
		expr->indexes = indexes->items;
		expr->n_indexes = indexes->n;
		expr->index_span = index_span;
	}
	for (size_t i = 0; i < expr->n_indexes; i++) {
		const struct ck_ast_index *index = &expr->indexes[i];

		depth = deeper_of(depth, deeper_of(value_depth(index->start), deeper_of(value_depth(index->stop), value_depth(index->step))));
	}
	expr->depth = depth_above(reader, depth, span);
	return expr;
}

struct ck_ast_expr *ck_build_fill(struct ck_reader *reader, struct ck_span span, const struct ck_ast_call *call, struct ck_ast_type *type)
{
	struct ck_ast_expr *expr = ck_build_expr(reader, CK_AST_FILL, span);

	expr->fill = *call;
	expr->type = type;
	expr->depth = depth_above(reader, deeper_of(args_depth(call->args, call->n_args), type_depth(type)), span);
	return expr;
}

struct ck_ast_expr *ck_build_tuple(struct ck_reader *reader, struct ck_span span, struct ck_list members)
{
	struct ck_ast_expr *expr = ck_build_expr(reader, CK_AST_TUPLE, span);
	uint32_t depth = 0;

	expr->members = members.items;
	expr->n_members = members.n;
	for (size_t i = 0; i < members.n; i++)
		depth = deeper_of(depth, expr->members[i]->depth);
	expr->depth = depth_above(reader, depth, span);
	return expr;
}

struct ck_ast_expr *ck_build_pipe(struct ck_reader *reader, struct ck_span span, struct ck_ast_expr *operand, const struct ck_ast_call *call)
{
	uint32_t depth = deeper_of(operand->depth, args_depth(call->args, call->n_args));
	struct ck_ast_expr *expr = ck_build_expr(reader, CK_AST_PIPE, span);

	expr->operand = operand;
	expr->call = *call;
	expr->depth = depth_above(reader, depth, span);
	return expr;
}

struct ck_ast_expr *ck_build_where(struct ck_reader *reader, struct ck_span span, struct ck_ast_expr *expr, struct ck_ast_value *value)
{
	if (expr->where || (expr->kind != CK_AST_REF && expr->kind != CK_AST_TUPLE)) {
		struct ck_list one = ck_list_add(reader, (struct ck_list){0}, &expr, sizeof(expr));

		expr = ck_build_tuple(reader, span, one);
	}
	expr->where = value;
	expr->span = span;
	expr->depth = deeper_of(expr->depth, depth_above(reader, value->depth, span));
	return expr;
}

/* Parts. */

struct ck_ast_ident ck_build_ident(struct ck_reader *reader, struct ck_span span)
{
	struct ck_str text = ck_str_copy(reader->arena, ck_read_text(reader, span));

	return (struct ck_ast_ident){span, text.p ? text : CK_STR("")};
}

struct ck_ast_call ck_build_name_call(struct ck_span span, struct ck_ast_ident name, bool is_template)
{
	return (struct ck_ast_call){.span = span, .name = name, .is_template = is_template};
}

struct ck_ast_call ck_build_args_call(struct ck_span span, struct ck_ast_ident name, struct ck_list args)
{
	return (struct ck_ast_call){.span = span, .name = name, .has_args = true, .args = args.items, .n_args = args.n};
}

struct ck_ast_name ck_build_name(struct ck_span span, enum ck_ast_by by, struct ck_ast_string string)
{
	return (struct ck_ast_name){span, by, string};
}

struct ck_ast_ref ck_build_named_ref(struct ck_span span, struct ck_ast_ident input, bool is_rest, const struct ck_ast_name *name)
{
	struct ck_ast_ref ref = {.span = span, .input = input, .is_rest = is_rest, .has_name = name != NULL};

	if (name)
		ref.name = *name;
	return ref;
}

struct ck_ast_type *ck_build_type(struct ck_reader *reader, struct ck_span span, struct ck_ast_ident dtype, struct ck_list dims)
{
	struct ck_ast_type *type = ck_arena_alloc(reader->arena, sizeof(*type));

	if (!type)
		type = &reader->no_type;
	*type = (struct ck_ast_type){span, dtype, dims.items, dims.n};
	return type;
}

struct ck_flags ck_add_flag(struct ck_reader *reader, struct ck_flags flags, struct ck_span span, bool also)
{
	const char *word = also ? "also" : "optional";
	struct ck_span *first = also ? &flags.also_span : &flags.optional_span;
	bool *flag = also ? &flags.also : &flags.optional;

	if (*flag) {
		struct ck_diag *diag = ck_read_error(reader, CK_TWICE, span, "`%s` stands twice", word);

		ck_diag_mark(reader->diags, diag, "the second one");
		ck_diag_label(reader->diags, diag, *first, "the first one");
		ck_diag_help(reader->diags, diag, "expected it once at most: leave one out");
		return flags;
	}
	*flag = true;
	*first = span;
	return flags;
}

/* Statements. */

struct ck_ast_stmt *ck_build_stmt(struct ck_reader *reader, enum ck_ast_stmt_kind kind, struct ck_span span)
{
	struct ck_ast_stmt *stmt = ck_arena_alloc(reader->arena, sizeof(*stmt));

	if (!stmt)
		stmt = &reader->no_stmt;
	*stmt = (struct ck_ast_stmt){.kind = kind, .span = span};
	return stmt;
}

void ck_check_reason(struct ck_reader *reader, const struct ck_ast_string *because)
{
	struct ck_diag *diag;

	for (size_t i = 0; i < because->text.n; i++)
		if (!strchr(" \t\r\n", because->text.p[i]))
			return;
	/* Nothing in it because memory is short, or nothing but escapes that do not exist. */
	if (ck_arena_failed(reader->arena) || (!because->text.n && ck_read_text(reader, because->span).n > strlen("\"\"")))
		return;
	diag = ck_read_error(reader, CK_SYNTAX, because->span, "a reason that says nothing");
	ck_diag_mark(reader->diags, diag, "no words");
	ck_diag_help(reader->diags, diag, "the report repeats it: say why, as in because \"the next-sentence head is retrained\"");
}

static void refuse_also(struct ck_reader *reader, struct ck_span span)
{
	struct ck_diag *diag = ck_read_error(reader, CK_SYNTAX, span, "`drop` takes no `also`");

	ck_diag_mark(reader->diags, diag, "not expected here");
	ck_diag_help(reader->diags, diag, "expected `optional` or a source: what a statement drops, no other one reads");
}

struct ck_ast_stmt *ck_build_from(struct ck_reader *reader, struct ck_span span, const struct ck_flags *flags, const struct ck_from *from,
				  struct ck_span from_span, const struct ck_ast_string *because)
{
	struct ck_ast_stmt *stmt = ck_build_stmt(reader, because ? CK_AST_DROP : CK_AST_KEEP, span);

	if (because && flags->also)
		refuse_also(reader, flags->also_span);
	stmt->also = flags->also;
	stmt->also_span = flags->also_span;
	stmt->optional = flags->optional;
	stmt->expr = ck_build_ref(reader, from_span, &from->ref, NULL, from_span, NULL);
	if (from->where)
		stmt->expr = ck_build_where(reader, from_span, stmt->expr, from->where);
	if (because) {
		ck_check_reason(reader, because);
		stmt->because = *because;
	}
	return stmt;
}

struct ck_ast_stmt *ck_build_map(struct ck_reader *reader, struct ck_span span, const struct ck_flags *flags, struct ck_ast_expr *expr,
				 const struct ck_targets *targets)
{
	struct ck_ast_stmt *stmt = ck_build_stmt(reader, CK_AST_MAP, span);

	stmt->also = flags->also;
	stmt->also_span = flags->also_span;
	stmt->optional = flags->optional;
	stmt->expr = expr;
	stmt->goals = targets->goals.items;
	stmt->n_goals = targets->goals.n;
	stmt->goals_in_parens = targets->in_parens;
	return stmt;
}

void ck_add_stmt(struct ck_reader *reader, struct ck_ast_stmt *stmt)
{
	reader->stmts = ck_list_add(reader, reader->stmts, &stmt, sizeof(stmt));
}
