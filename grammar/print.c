/* What the tree looks like: see print.h. */
#include "grammar/print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Recursion here is bounded: the parser refuses trees of more than CK_MAX_NESTING levels. */
static void print_expr(const struct ck_ast_expr *expr, struct ck_buf *out);
static void print_value(const struct ck_ast_value *value, struct ck_buf *out);

static const char *const op_texts[] = {
	[CK_AST_OR] = "||", [CK_AST_AND] = "&&", [CK_AST_EQ] = "==", [CK_AST_NE] = "!=", [CK_AST_LT] = "<", [CK_AST_LE] = "<=",
	[CK_AST_GT] = ">", [CK_AST_GE] = ">=", [CK_AST_ADD] = "+", [CK_AST_SUB] = "-", [CK_AST_MUL] = "*", [CK_AST_DIV] = "/",
	[CK_AST_MOD] = "%", [CK_AST_NEG] = "-", [CK_AST_NOT] = "!",
};

static void print_string(const struct ck_ast_string *string, struct ck_buf *out)
{
	ck_buf_char(out, '"');
	ck_buf_name(out, string->text);
	ck_buf_char(out, '"');
}

static void print_name(const struct ck_ast_name *name, struct ck_buf *out)
{
	ck_buf_printf(out, "%s", name->by == CK_AST_BY_PATH ? "path:" : name->by == CK_AST_BY_FULL ? "full:" : "");
	print_string(&name->string, out);
}

static void print_args(const struct ck_ast_arg *args, size_t n_args, struct ck_buf *out)
{
	for (size_t i = 0; i < n_args; i++) {
		ck_buf_char(out, ' ');
		if (args[i].name.text.n) {
			ck_buf_str(out, args[i].name.text);
			ck_buf_char(out, '=');
		}
		print_value(args[i].value, out);
	}
}

static void print_call(struct ck_ast_ident name, bool has_args, const struct ck_ast_arg *args, size_t n_args, struct ck_buf *out)
{
	if (has_args)
		ck_buf_char(out, '(');
	ck_buf_str(out, name.text);
	print_args(args, n_args, out);
	if (has_args)
		ck_buf_char(out, ')');
}

/* Shortest digits that read back as the same number. */
static void print_float(double number, struct ck_buf *out)
{
	char text[40];

	if (isnan(number) || isinf(number)) {
		ck_buf_printf(out, "%s", isnan(number) ? "nan" : "inf");
		return;
	}
	for (int digits = 1; digits <= 17; digits++) {
		int n = snprintf(text, sizeof(text), "%.*e", digits - 1, number);

		if (n > 0 && (strtod(text, NULL) >= number && strtod(text, NULL) <= number))
			break;
	}
	ck_buf_printf(out, "%s", text);
}

static void print_operation(const char *op, const struct ck_ast_value *const operands[], size_t n, struct ck_buf *out)
{
	ck_buf_printf(out, "(%s", op);
	for (size_t i = 0; i < n; i++) {
		ck_buf_char(out, ' ');
		print_value(operands[i], out);
	}
	ck_buf_char(out, ')');
}

static void print_value(const struct ck_ast_value *value, struct ck_buf *out)
{
	const struct ck_ast_value *operands[3] = {value->left, value->right, NULL};

	switch (value->kind) {
	case CK_AST_INT:
		ck_buf_printf(out, "%lld", (long long)value->integer);
		return;
	case CK_AST_FLOAT:
		print_float(value->number, out);
		return;
	case CK_AST_STRING:
		print_string(&value->string, out);
		return;
	case CK_AST_CALL:
	case CK_AST_TEMPLATE:
		print_call(value->name, value->has_args, value->args, value->n_args, out);
		return;
	case CK_AST_LIST:
		ck_buf_char(out, '[');
		for (size_t i = 0; i < value->n_items; i++) {
			ck_buf_printf(out, "%s", i ? " " : "");
			print_value(value->items[i], out);
		}
		ck_buf_char(out, ']');
		return;
	case CK_AST_UNARY:
		print_operation(op_texts[value->op], operands, 1, out);
		return;
	case CK_AST_BINARY:
		print_operation(op_texts[value->op], operands, 2, out);
		return;
	case CK_AST_WITHIN:
		operands[1] = value->low;
		operands[2] = value->high;
		print_operation("within", operands, 3, out);
		return;
	case CK_AST_EXPR:
		print_expr(value->expr, out);
		return;
	}
}

static void print_type(const struct ck_ast_type *type, struct ck_buf *out)
{
	if (!type)
		return;
	ck_buf_printf(out, " : ");
	ck_buf_str(out, type->dtype.text.n ? type->dtype.text : CK_STR("_"));
	ck_buf_char(out, '[');
	for (size_t i = 0; i < type->n_dims; i++) {
		ck_buf_printf(out, "%s", i ? " " : "");
		switch (type->dims[i].kind) {
		case CK_AST_DIM_VALUE:
			print_value(type->dims[i].value, out);
			break;
		case CK_AST_DIM_ANY:
			ck_buf_char(out, '_');
			break;
		case CK_AST_DIM_ELLIPSIS:
			ck_buf_printf(out, "...");
			break;
		}
	}
	ck_buf_char(out, ']');
}

static void print_where(const struct ck_ast_value *where, struct ck_buf *out)
{
	if (!where)
		return;
	ck_buf_printf(out, " where ");
	print_value(where, out);
}

static void print_index(const struct ck_ast_index *index, struct ck_buf *out)
{
	if (index->start)
		print_value(index->start, out);
	if (!index->is_slice)
		return;
	ck_buf_char(out, ':');
	if (index->stop)
		print_value(index->stop, out);
	if (index->step) {
		ck_buf_char(out, ':');
		print_value(index->step, out);
	}
}

static void print_ref(const struct ck_ast_expr *expr, struct ck_buf *out)
{
	const struct ck_ast_ref *ref = &expr->ref;

	ck_buf_printf(out, "(ref ");
	if (ref->input.text.n) {
		ck_buf_str(out, ref->input.text);
		ck_buf_char(out, ':');
	}
	if (ref->is_rest)
		ck_buf_printf(out, ref->has_name ? "rest:" : "rest");
	if (ref->has_name)
		print_name(&ref->name, out);
	for (size_t i = 0; i < expr->n_indexes; i++) {
		ck_buf_printf(out, i ? " " : " [");
		print_index(&expr->indexes[i], out);
		ck_buf_printf(out, i + 1 == expr->n_indexes ? "]" : "");
	}
	print_type(expr->type, out);
	print_where(expr->where, out);
	ck_buf_char(out, ')');
}

static void print_expr(const struct ck_ast_expr *expr, struct ck_buf *out)
{
	switch (expr->kind) {
	case CK_AST_REF:
		print_ref(expr, out);
		return;
	case CK_AST_FILL:
		ck_buf_printf(out, "(fill ");
		print_call(expr->fill.name, expr->fill.has_args, expr->fill.args, expr->fill.n_args, out);
		print_type(expr->type, out);
		break;
	case CK_AST_TUPLE:
		ck_buf_printf(out, "(tuple");
		for (size_t i = 0; i < expr->n_members; i++) {
			ck_buf_char(out, ' ');
			print_expr(expr->members[i], out);
		}
		print_where(expr->where, out);
		break;
	case CK_AST_PIPE:
		ck_buf_printf(out, "(pipe ");
		print_expr(expr->operand, out);
		ck_buf_char(out, ' ');
		print_call(expr->call.name, expr->call.has_args, expr->call.args, expr->call.n_args, out);
		break;
	}
	ck_buf_char(out, ')');
}

static const char *const stmt_words[] = {
	[CK_AST_MIGRATION] = "migration", [CK_AST_LET] = "let", [CK_AST_PARAM] = "param", [CK_AST_INPUT] = "input",
	[CK_AST_TARGET] = "target", [CK_AST_SLOTS_FOLLOW] = "slots-follow", [CK_AST_SLOTS_DROP] = "slots-drop", [CK_AST_SLOT] = "slot",
	[CK_AST_MAP] = "map", [CK_AST_KEEP] = "keep", [CK_AST_DROP] = "drop", [CK_AST_NEW] = "new", [CK_AST_ALIAS] = "alias",
	[CK_AST_CHECK] = "check",
};

static void print_goals(const struct ck_ast_stmt *stmt, struct ck_buf *out)
{
	ck_buf_printf(out, stmt->goals_in_parens ? " -> (" : " -> ");
	for (size_t i = 0; i < stmt->n_goals; i++) {
		ck_buf_printf(out, "%s", i ? " " : "");
		if (stmt->goals[i].is_same)
			ck_buf_printf(out, "same");
		else
			print_name(&stmt->goals[i].name, out);
		print_type(stmt->goals[i].type, out);
	}
	ck_buf_printf(out, stmt->goals_in_parens ? ")" : "");
}

static void print_migration(const struct ck_ast_stmt *stmt, struct ck_buf *out)
{
	for (size_t i = 0; i < stmt->n_afters; i++) {
		ck_buf_printf(out, " after ");
		print_string(&stmt->afters[i], out);
	}
	if (stmt->has_summary) {
		ck_buf_printf(out, " summary ");
		print_string(&stmt->summary, out);
	}
}

static void print_new(const struct ck_ast_stmt *stmt, struct ck_buf *out)
{
	ck_buf_char(out, ' ');
	if (stmt->is_rest)
		ck_buf_printf(out, "rest");
	else
		print_name(&stmt->target, out);
	print_type(stmt->type, out);
	ck_buf_printf(out, " = ");
	print_call(stmt->fill.name, stmt->fill.has_args, stmt->fill.args, stmt->fill.n_args, out);
}

/* The parts that a kind does not use are empty, so one order serves all kinds. */
static void print_stmt(const struct ck_ast_stmt *stmt, struct ck_buf *out)
{
	bool has_string = stmt->kind == CK_AST_MIGRATION || stmt->kind == CK_AST_SLOT || stmt->kind == CK_AST_ALIAS;

	ck_buf_printf(out, "(%s%s%s", stmt_words[stmt->kind], stmt->also ? " also" : "", stmt->optional ? " optional" : "");
	if (stmt->name.text.n) {
		ck_buf_char(out, ' ');
		ck_buf_str(out, stmt->name.text);
	}
	if (has_string) {
		ck_buf_char(out, ' ');
		print_string(&stmt->string, out);
	}
	if (stmt->kind == CK_AST_ALIAS) {
		ck_buf_char(out, ' ');
		print_string(&stmt->string2, out);
	}
	print_migration(stmt, out);
	if (stmt->value) {
		ck_buf_char(out, ' ');
		print_value(stmt->value, out);
	}
	if (stmt->expr) {
		ck_buf_char(out, ' ');
		print_expr(stmt->expr, out);
	}
	if (stmt->kind == CK_AST_MAP)
		print_goals(stmt, out);
	if (stmt->kind == CK_AST_NEW)
		print_new(stmt, out);
	if (stmt->kind == CK_AST_DROP || stmt->kind == CK_AST_SLOTS_DROP) {
		ck_buf_printf(out, " because ");
		print_string(&stmt->because, out);
	}
	ck_buf_printf(out, ")\n");
}

void ck_ast_dump(const struct ck_ast_file *file, struct ck_buf *out)
{
	ck_buf_printf(out, "(ckmig %lld)\n", (long long)file->edition);
	for (size_t i = 0; i < file->n_stmts; i++)
		print_stmt(file->stmts[i], out);
	for (size_t i = 0; i < file->n_allows; i++) {
		ck_buf_printf(out, "(allow ");
		ck_buf_str(out, file->allows[i].code);
		ck_buf_printf(out, " \"");
		ck_buf_name(out, file->allows[i].reason);
		ck_buf_printf(out, "\")\n");
	}
}
