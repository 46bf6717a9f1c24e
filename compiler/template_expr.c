/* What stands between the braces of a template: captures, lets, arithmetic, formats. */
#include "compiler/template.h"

#include <string.h>

enum { MAX_WIDTH = 1024 };	/* zeros that a format may ask for; the plan verifier has the same bound */

/* A format behind the colon. */
struct format {
	bool is_there, uniq;
	uint32_t width;
	size_t begin, end;
};

static Ck__Plan__Expr *read_sum(struct ck_template *template, size_t end);

static Ck__Plan__Expr *no_expr(struct ck_template *template)
{
	ck_namer_nomem(&template->namer);
	return NULL;
}

static Ck__Plan__Expr *new_expr(struct ck_template *template, enum ck_expr_kind kind, size_t n_args)
{
	Ck__Plan__Expr *expr = ck_arena_alloc(template->namer.arena, sizeof(*expr));

	if (!expr)
		return no_expr(template);
	ck__plan__expr__init(expr);
	expr->kind = kind;
	if (!n_args)
		return expr;
	expr->args = ck_arena_array(template->namer.arena, n_args, sizeof(*expr->args));
	expr->n_args = n_args;
	return expr->args ? expr : no_expr(template);
}

/* A constant becomes its value, so that the plan is that of the value. False after a message. */
static Ck__Plan__Expr *folded(struct ck_template *template, Ck__Plan__Expr *expr, size_t begin, size_t end)
{
	struct ck_namer *namer = &template->namer;
	struct ck_locals *locals = template->locals;
	struct ck_binding *none = ck_arena_array(namer->arena, locals->n_items + 1, sizeof(*none));
	struct ck_env env = { .arena = namer->arena, .locals = locals->items, .bindings = none, .n_locals = locals->n_items };
	struct ck_value value;

	if (!none)
		return no_expr(template);
	if (ck_expr_eval(expr, &env, &value) != CK_OK) {
		ck_namer_error(namer, CK_BAD_TEMPLATE, begin, end, "%.*s", CK_STR_ARG(env.message));
		return NULL;
	}
	if (value.unknown)
		return expr;
	expr = ck_value_expr(namer->arena, &value);
	return expr ? expr : no_expr(template);
}

bool ck_template_unknown(struct ck_template *template, size_t begin, size_t end)
{
	struct ck_namer *namer = &template->namer;
	struct ck_str name = ck_str_slice(namer->text, begin, end);
	struct ck_diag *diag = ck_namer_error(namer, CK_UNKNOWN_CAPTURE, begin, end, "`%.*s` is no capture of the source, let or param",
					      CK_STR_ARG(name));
	struct ck_suggest suggest;

	ck_suggest_init(&suggest, name);
	for (size_t i = 0; i < template->locals->n_items; i++) {
		struct ck_str local = ck_str_of(template->locals->items[i]->name);

		if (local.n && local.p[0] != '*' && local.p[0] != '{' && template->locals->items[i]->kind != CK_LOCAL_DIM)
			ck_suggest_offer(&suggest, local);
	}
	if (template->scope && template->scope->offer)
		template->scope->offer(template->scope->context, &suggest);
	ck_suggest_help(&suggest, namer->diags, diag, "`");
	if (!suggest.n_best)
		ck_diag_help(namer->diags, diag, "capture it in the source, as in \"layer_{%.*s}\", or write `[{]` for the character `{`",
			     CK_STR_ARG(name));
	return false;
}

/* The number of the capture of that name; SIZE_MAX: none. *ret_good is false after a message. */
static size_t find_capture(struct ck_template *template, size_t begin, size_t end, bool *ret_good)
{
	struct ck_namer *namer = &template->namer;
	struct ck_str name = ck_str_slice(namer->text, begin, end);
	size_t local = ck_locals_find(template->locals, name);
	struct ck_diag *diag;

	*ret_good = true;
	if (local == SIZE_MAX)
		return SIZE_MAX;
	if (template->locals->items[local]->kind == CK_LOCAL_DIM) {
		diag = ck_namer_error(namer, CK_UNKNOWN_CAPTURE, begin, end, "`%.*s` is a dimension, and names are made of captures",
				      CK_STR_ARG(name));
		ck_diag_label(namer->diags, diag, template->locals->spans[local], "bound here");
		ck_diag_help(namer->diags, diag, "write the number, or a `let`");
		*ret_good = false;
	}
	template->locals->used[local] = true;
	return local;
}

static Ck__Plan__Expr *find_value(struct ck_template *template, size_t begin, size_t end)
{
	struct ck_namer *namer = &template->namer;
	Ck__Plan__Expr *expr = NULL;

	if (template->scope && template->scope->find)
		expr = template->scope->find(template->scope->context, ck_str_slice(namer->text, begin, end),
					     ck_ast_string_span(namer->string, begin, end));
	if (!expr)
		(void)!ck_template_unknown(template, begin, end);
	return expr;
}

static bool is_number(const Ck__Plan__Local *local)
{
	return local->kind == CK_LOCAL_INT || local->kind == CK_LOCAL_UNIQ || local->kind == CK_LOCAL_INDEX;
}

static bool refuse_text(struct ck_template *template, size_t local, size_t begin, size_t end, const char *why)
{
	struct ck_namer *namer = &template->namer;
	struct ck_str name = ck_str_of(template->locals->items[local]->name);
	struct ck_diag *diag = ck_namer_error(namer, CK_BAD_TEMPLATE, begin, end, "`%.*s` captures %s, %s", CK_STR_ARG(name),
					      ck_local_kind_text((enum ck_local_kind)template->locals->items[local]->kind), why);

	ck_diag_label(namer->diags, diag, template->locals->spans[local], "captured here");
	ck_diag_help(namer->diags, diag, "write {%.*s:int} in the source: digits, captured as a number", CK_STR_ARG(name));
	return false;
}

/* ---- arithmetic, over the text from namer->at to end */

static void skip_spaces(struct ck_template *template, size_t end)
{
	while (template->namer.at < end && template->namer.text.p[template->namer.at] == ' ')
		template->namer.at++;
}

static Ck__Plan__Expr *unexpected(struct ck_template *template, size_t end)
{
	struct ck_namer *namer = &template->namer;
	struct ck_diag *diag;

	if (namer->at >= end || namer->text.p[namer->at] == ':')
		diag = ck_namer_error(namer, CK_BAD_TEMPLATE, namer->at, namer->at + 1, "a number, capture or let is missing here");
	else
		diag = ck_namer_error(namer, CK_BAD_TEMPLATE, namer->at, namer->at + 1, "`%c` in arithmetic", namer->text.p[namer->at]);
	ck_diag_help(namer->diags, diag, "braces of a target hold a capture {i}, arithmetic {i+1}, a format {i:03}, or alternatives {a,b}; "
					 "write `[{]` for the character `{`");
	return NULL;
}

static Ck__Plan__Expr *read_number(struct ck_template *template, size_t end)
{
	struct ck_namer *namer = &template->namer;
	Ck__Plan__Expr *expr = new_expr(template, CK_EXPR_INT, 0);
	size_t begin = namer->at;
	int64_t value = 0;

	for (; namer->at < end && namer->text.p[namer->at] >= '0' && namer->text.p[namer->at] <= '9'; namer->at++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, namer->text.p[namer->at] - '0', &value)) {
			ck_namer_error(namer, CK_BAD_TEMPLATE, begin, namer->at + 1, "a number of more than 64 bits");
			return NULL;
		}
	if (expr)
		expr->integer = value;
	return expr;
}

/* A capture, let or param as a number. */
static Ck__Plan__Expr *read_name(struct ck_template *template, size_t n_bytes)
{
	struct ck_namer *namer = &template->namer;
	size_t begin = namer->at, end = begin + n_bytes, local;
	struct ck_diag *diag;
	Ck__Plan__Expr *expr;
	bool good;

	namer->at = end;
	local = find_capture(template, begin, end, &good);
	if (!good)
		return NULL;
	if (local != SIZE_MAX) {
		if (!is_number(template->locals->items[local])) {
			(void)!refuse_text(template, local, begin, end, "and arithmetic wants a number");
			return NULL;
		}
		expr = new_expr(template, CK_EXPR_LOCAL, 0);
		if (expr)
			expr->index = (uint32_t)local;
		return expr;
	}
	expr = find_value(template, begin, end);
	if (!expr || (expr->kind != CK_EXPR_TEXT && expr->kind != CK_EXPR_FLOAT))
		return expr;
	diag = ck_namer_error(namer, CK_BAD_TEMPLATE, begin, end, "arithmetic wants integers, and `%.*s` is %s",
			      CK_STR_ARG(ck_str_slice(namer->text, begin, end)), expr->kind == CK_EXPR_TEXT ? "text" : "a float");
	ck_diag_help(namer->diags, diag, "write an integer `let`");
	return NULL;
}

static Ck__Plan__Expr *read_primary(struct ck_template *template, size_t end)
{
	struct ck_namer *namer = &template->namer;
	size_t begin = namer->at, n_bytes = ck_namer_ident(namer, begin);
	char c = begin < end ? namer->text.p[begin] : '\0';
	Ck__Plan__Expr *expr, *inner;

	if (c >= '0' && c <= '9')
		return read_number(template, end);
	if (n_bytes)
		return read_name(template, n_bytes);
	if ((c != '(' && c != '-') || begin >= end)
		return unexpected(template, end);
	if (++template->depth > CK_MAX_NESTING) {
		ck_namer_error(namer, CK_TOO_DEEP, begin, begin + 1, "nested more than %d levels deep", CK_MAX_NESTING);
		return NULL;
	}
	namer->at++;
	skip_spaces(template, end);
	inner = c == '(' ? read_sum(template, end) : read_primary(template, end);
	template->depth--;
	if (!inner)
		return NULL;
	if (c == '-') {
		expr = new_expr(template, CK_EXPR_NEG, 1);
		if (!expr)
			return NULL;
		expr->args[0] = inner;
		return folded(template, expr, begin, namer->at);
	}
	if (namer->at >= end || namer->text.p[namer->at] != ')') {
		ck_namer_error(namer, CK_BAD_TEMPLATE, begin, begin + 1, "`(` without `)`");
		return NULL;
	}
	namer->at++;
	return inner;
}

/* The operator at a place, of one level. CK_EXPR_NONE: none. */
static enum ck_expr_kind operator_at(const struct ck_template *template, size_t end, bool product)
{
	static const char signs[] = "+-*/%";
	const char *sign;

	if (template->namer.at >= end || !template->namer.text.p[template->namer.at])
		return CK_EXPR_NONE;
	sign = strchr(signs, template->namer.text.p[template->namer.at]);
	if (!sign || product != (sign - signs >= 2))
		return CK_EXPR_NONE;
	return (enum ck_expr_kind)(CK_EXPR_ADD + (sign - signs));
}

static Ck__Plan__Expr *read_level(struct ck_template *template, size_t end, bool product)
{
	size_t begin = template->namer.at;
	Ck__Plan__Expr *left = product ? read_primary(template, end) : read_level(template, end, true);
	unsigned n_steps = 0;

	while (left) {
		enum ck_expr_kind kind;
		Ck__Plan__Expr *expr;

		skip_spaces(template, end);
		kind = operator_at(template, end, product);
		if (kind == CK_EXPR_NONE)
			return left;
		if (++n_steps > CK_MAX_NESTING) {
			ck_namer_error(&template->namer, CK_TOO_DEEP, begin, template->namer.at, "more than %d operations in a row", CK_MAX_NESTING);
			return NULL;
		}
		template->namer.at++;
		skip_spaces(template, end);
		expr = new_expr(template, kind, 2);
		if (!expr)
			return NULL;
		expr->args[0] = left;
		expr->args[1] = product ? read_primary(template, end) : read_level(template, end, true);
		left = expr->args[1] ? folded(template, expr, begin, template->namer.at) : NULL;
	}
	return NULL;
}

static Ck__Plan__Expr *read_sum(struct ck_template *template, size_t end)
{
	return read_level(template, end, false);
}

/* ---- formats */

static bool refuse_format(struct ck_template *template, const struct format *format)
{
	struct ck_namer *namer = &template->namer;
	struct ck_str word = ck_str_slice(namer->text, format->begin, format->end);
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (ck_str_equal(word, CK_STR("int"))) {
		diag = ck_namer_error(namer, CK_BAD_TEMPLATE, format->begin, format->end, "the kind of a capture in a target");
		ck_diag_help(namer->diags, diag, "kinds belong in the source; write the capture alone here, such as {i}, or {i+0} for the number without zeros in front");
		return false;
	}
	diag = ck_namer_error(namer, CK_BAD_TEMPLATE, format->begin - 1, format->end, "a format that does not exist");
	ck_suggest_init(&suggest, word);
	ck_suggest_offer(&suggest, CK_STR("uniq"));
	ck_suggest_help(&suggest, namer->diags, diag, "`");
	ck_diag_help(namer->diags, diag, "{i:03} pads with zeros to three digits (%d at most), {i:uniq} writes _N as TensorFlow does, {p:a,b} takes alternatives",
		     MAX_WIDTH);
	return false;
}

/* The format from namer->at, if a colon is there, to end. */
static bool read_format(struct ck_template *template, size_t end, struct format *ret_format)
{
	struct ck_namer *namer = &template->namer;
	struct format format = { .begin = namer->at + 1, .end = end };
	struct ck_str text;

	*ret_format = format;
	if (namer->at >= end)
		return true;
	if (namer->text.p[namer->at] != ':') {
		(void)unexpected(template, end);
		return false;
	}
	text = ck_str_slice(namer->text, format.begin, end);
	format.is_there = true;
	format.uniq = ck_str_equal(text, CK_STR("uniq"));
	for (size_t i = 0; !format.uniq && i < text.n; i++) {
		format.width = format.width * 10 + (uint32_t)(text.p[i] - '0');
		if (text.p[i] < '0' || text.p[i] > '9' || text.p[0] != '0' || format.width > MAX_WIDTH)
			return refuse_format(template, &format);
	}
	if (!format.uniq && !format.width)
		return refuse_format(template, &format);
	*ret_format = format;
	return true;
}

/* ---- parts */

static bool add_local(struct ck_template *template, size_t local, const struct format *format, size_t begin, size_t end)
{
	Ck__Plan__Part *part;

	if (format->is_there && !is_number(template->locals->items[local]))
		return refuse_text(template, local, begin, end, "and a format wants a number");
	part = ck_template_add(template, CK_PART_LOCAL);
	if (!part)
		return false;
	part->local = (uint32_t)local;
	part->width = format->width;
	part->uniq = format->uniq;
	return true;
}

/* A constant is text of the name. */
static bool add_constant(struct ck_template *template, const Ck__Plan__Expr *expr)
{
	struct ck_buf text = { 0 };
	Ck__Plan__Part *part = ck_template_add(template, CK_PART_LITERAL);

	if (!part)
		return false;
	if (expr->kind == CK_EXPR_INT)
		ck_buf_printf(&text, "%lld", (long long)expr->integer);
	else
		ck_buf_str(&text, ck_str_of(expr->text));
	return ck_namer_bytes(&template->namer, &text, &part->text);
}

static bool add_value(struct ck_template *template, Ck__Plan__Expr *expr, const struct format *format, bool arithmetic, size_t begin,
		      size_t end)
{
	struct ck_namer *namer = &template->namer;
	struct ck_diag *diag;
	Ck__Plan__Part *part;

	if (expr->kind == CK_EXPR_FLOAT || (expr->kind == CK_EXPR_TEXT && format->is_there)) {
		diag = ck_namer_error(namer, CK_BAD_TEMPLATE, begin, end, expr->kind == CK_EXPR_FLOAT ? "a float in a name" : "a format for text");
		ck_diag_help(namer->diags, diag, expr->kind == CK_EXPR_FLOAT ? "names are made of integers and text: write the text in quotes in its `let`"
									     : "formats are for numbers");
		return false;
	}
	if (!format->is_there && (expr->kind == CK_EXPR_INT || expr->kind == CK_EXPR_TEXT))
		return add_constant(template, expr);
	part = ck_template_add(template, arithmetic || format->is_there ? CK_PART_NUMBER : CK_PART_TEXT);
	if (!part)
		return false;
	part->expr = expr;
	part->width = format->width;
	part->uniq = format->uniq;
	return true;
}

/* `{name}`, perhaps with a format: a capture as it was written, a let or param. */
static bool read_lone_name(struct ck_template *template, size_t begin, size_t end, size_t close)
{
	struct format format;
	Ck__Plan__Expr *expr;
	size_t local;
	bool good;

	skip_spaces(template, close);
	if (!read_format(template, close, &format))
		return false;
	local = find_capture(template, begin, end, &good);
	if (!good)
		return false;
	if (local != SIZE_MAX)
		return add_local(template, local, &format, begin, end);
	expr = find_value(template, begin, end);
	return expr && add_value(template, expr, &format, false, begin, end);
}

bool ck_template_expr(struct ck_template *template, size_t open, size_t close)
{
	struct ck_namer *namer = &template->namer;
	struct format format;
	Ck__Plan__Expr *expr;
	size_t begin, end;

	namer->at = open + 1;
	skip_spaces(template, close);
	begin = namer->at;
	end = begin + ck_namer_ident(namer, begin);
	namer->at = end;
	skip_spaces(template, close);
	if (end > begin && (namer->at == close || namer->text.p[namer->at] == ':'))
		return read_lone_name(template, begin, end, close);
	namer->at = begin;
	expr = read_sum(template, close);
	if (!expr || !read_format(template, close, &format))
		return false;
	return add_value(template, expr, &format, true, begin, close);
}
