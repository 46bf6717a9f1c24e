/* Kinds of values, as far as the text tells: `<` compares numbers, `where` and `check` want a truth. */
#include "compiler/internal.h"

static enum ck_kind kind_of_result(enum ck_result result)
{
	switch (result) {
	case CK_RESULT_TRUTH:
		return CK_KIND_TRUTH;
	case CK_RESULT_INT:
	case CK_RESULT_NUMBER:
		return CK_KIND_NUMBER;
	case CK_RESULT_DTYPE:
		return CK_KIND_DTYPE;
	case CK_RESULT_SHAPE:
		return CK_KIND_LIST;
	}
	return CK_KIND_UNKNOWN;
}

static enum ck_kind kind_of_local(const Ck__Plan__Local *local)
{
	switch ((enum ck_local_kind)local->kind) {
	case CK_LOCAL_INT:
	case CK_LOCAL_UNIQ:
	case CK_LOCAL_INDEX:
	case CK_LOCAL_DIM:
		return CK_KIND_NUMBER;
	case CK_LOCAL_TEXT:
	case CK_LOCAL_ONE:
	case CK_LOCAL_STAR:
	case CK_LOCAL_STARSTAR:
	case CK_LOCAL_CLASS:
	case CK_LOCAL_CHOICE:
		break;
	}
	return CK_KIND_TEXT;
}

/* An identifier, found in the order in which ck_lower_value() looks for it. */
static enum ck_kind kind_of_name(const struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where)
{
	struct ck_str name = value->name.text;
	const struct ck_function_info *function = where == CK_IN_ARGUMENT ? NULL : ck_function_find(name, where == CK_IN_CHECK);
	size_t local = ck_locals_find(&builder->locals, name);

	if (function && (value->has_args || (where == CK_IN_WHERE && (!function->n_params || local == SIZE_MAX))))
		return kind_of_result(function->result);
	if (local != SIZE_MAX)
		return kind_of_local(builder->locals.items[local]);
	return ck_dtype_find(name) != CK_DT_NONE ? CK_KIND_DTYPE : ck_scope_kind(builder->compiler, name);
}

enum ck_kind ck_kind_of(const struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where)
{
	switch (value->kind) {
	case CK_AST_INT:
	case CK_AST_FLOAT:
		return CK_KIND_NUMBER;
	case CK_AST_STRING:
		return CK_KIND_TEXT;
	case CK_AST_LIST:
		return CK_KIND_LIST;
	case CK_AST_CALL:
		return kind_of_name(builder, value, where);
	case CK_AST_WITHIN:
		return CK_KIND_TRUTH;
	case CK_AST_UNARY:
		return value->op == CK_AST_NOT ? CK_KIND_TRUTH : CK_KIND_NUMBER;
	case CK_AST_BINARY:
		return value->op <= CK_AST_GE ? CK_KIND_TRUTH : CK_KIND_NUMBER;
	case CK_AST_TEMPLATE:
	case CK_AST_EXPR:
		break;
	}
	return CK_KIND_UNKNOWN;
}

const char *ck_kind_text(enum ck_kind kind)
{
	switch (kind) {
	case CK_KIND_NUMBER:
		return "a number";
	case CK_KIND_TEXT:
		return "text";
	case CK_KIND_LIST:
		return "a list";
	case CK_KIND_DTYPE:
		return "a dtype";
	case CK_KIND_TRUTH:
		return "a condition";
	case CK_KIND_UNKNOWN:
		break;
	}
	return "a value";
}

static const char *sign_of(const struct ck_ast_value *value)
{
	static const char *const signs[] = { "||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "-", "!" };

	return value->kind == CK_AST_WITHIN ? "within" : signs[value->op];
}

/* What else two kinds that were compared could mean. */
static void help_kinds(struct ck_builder *builder, struct ck_diag *diag, enum ck_kind a, enum ck_kind b)
{
	if (a == CK_KIND_LIST || b == CK_KIND_LIST)
		ck_diag_help(builder->compiler->diags, diag, "a shape is compared with a list, such as shape(\"x\") == [3, 768]; one size is dim(0) in a `where`");
	else if ((a == CK_KIND_DTYPE && b == CK_KIND_TEXT) || (a == CK_KIND_TEXT && b == CK_KIND_DTYPE))
		ck_diag_help(builder->compiler->diags, diag, "a dtype is a word: write it without quotes, such as f32");
	else if (a == CK_KIND_DTYPE || b == CK_KIND_DTYPE)
		ck_diag_help(builder->compiler->diags, diag, "a dtype is compared with one: dtype == f32");
}

/* A capture that is text, where a number would have done. */
static void help_text(struct ck_builder *builder, struct ck_diag *diag, const struct ck_ast_value *value)
{
	size_t local = value->kind == CK_AST_CALL ? ck_locals_find(&builder->locals, value->name.text) : SIZE_MAX;

	if (local == SIZE_MAX || kind_of_local(builder->locals.items[local]) != CK_KIND_TEXT)
		return;
	ck_diag_label(builder->compiler->diags, diag, builder->locals.spans[local], "captures text");
	if (builder->locals.items[local]->kind == CK_LOCAL_TEXT)
		ck_diag_help(builder->compiler->diags, diag, "{%.*s:int} or {%.*s:uniq} captures a number; text is compared with == and text in quotes",
			     CK_STR_ARG(value->name.text), CK_STR_ARG(value->name.text));
	else
		ck_diag_help(builder->compiler->diags, diag, "text is compared with == or !=, and with text in quotes");
}

static bool want(struct ck_builder *builder, const struct ck_ast_value *whole, const struct ck_ast_value *operand, enum ck_kind wanted,
		 enum ck_where where)
{
	enum ck_kind kind = ck_kind_of(builder, operand, where);
	const char *what = whole->kind == CK_AST_WITHIN || (whole->op >= CK_AST_LT && whole->op <= CK_AST_GE) ? "compares numbers"
			   : wanted == CK_KIND_TRUTH ? "wants conditions" : "computes with numbers";
	struct ck_diag *diag;

	if (kind == wanted || kind == CK_KIND_UNKNOWN)
		return true;
	diag = ck_error(builder->compiler->diags, CK_BAD_VALUE, operand->span, "`%s` %s, and this is %s", sign_of(whole), what, ck_kind_text(kind));
	if (wanted == CK_KIND_TRUTH)
		ck_diag_help(builder->compiler->diags, diag, "compare it, such as `i < 12` or `dtype == f32`");
	else if (kind == CK_KIND_TEXT)
		help_text(builder, diag, operand);
	else
		help_kinds(builder, diag, kind, wanted);
	return false;
}

static bool check_equal(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where)
{
	enum ck_kind left = ck_kind_of(builder, value->left, where), right = ck_kind_of(builder, value->right, where);
	struct ck_diag *diag;

	if (left == CK_KIND_UNKNOWN || right == CK_KIND_UNKNOWN || left == right)
		return true;
	diag = ck_error(builder->compiler->diags, CK_BAD_VALUE, value->span, "%s and %s are never equal", ck_kind_text(left), ck_kind_text(right));
	ck_diag_label(builder->compiler->diags, diag, value->left->span, "%s", ck_kind_text(left));
	ck_diag_label(builder->compiler->diags, diag, value->right->span, "%s", ck_kind_text(right));
	help_kinds(builder, diag, left, right);
	help_text(builder, diag, left == CK_KIND_TEXT ? value->left : value->right);
	return false;
}

bool ck_check_kinds(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where)
{
	const struct ck_ast_value *operands[4] = { value->left, value->right, value->low, value->high };
	enum ck_kind wanted = CK_KIND_NUMBER;
	bool good = true;

	if (value->kind == CK_AST_BINARY && (value->op == CK_AST_EQ || value->op == CK_AST_NE))
		return check_equal(builder, value, where);
	if (value->kind != CK_AST_WITHIN && (value->op == CK_AST_OR || value->op == CK_AST_AND || value->op == CK_AST_NOT))
		wanted = CK_KIND_TRUTH;
	for (size_t i = 0; i < CK_COUNT(operands); i++)
		good = (!operands[i] || want(builder, value, operands[i], wanted, where)) && good;
	return good;
}

bool ck_check_truth(struct ck_builder *builder, const struct ck_ast_value *value, enum ck_where where)
{
	enum ck_kind kind = ck_kind_of(builder, value, where);
	struct ck_diag *diag;

	if (kind == CK_KIND_TRUTH || kind == CK_KIND_UNKNOWN)
		return true;
	diag = ck_error(builder->compiler->diags, where == CK_IN_CHECK ? CK_BAD_CHECK : CK_BAD_VALUE, value->span, "a condition is wanted here, and this is %s",
			ck_kind_text(kind));
	ck_diag_help(builder->compiler->diags, diag, where == CK_IN_CHECK ? "compare it: ==, <=, or within (low, high)"
									   : "compare it, such as `i < 12` or `dtype == f32`");
	return false;
}
