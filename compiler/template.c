/* Templates: from the text in a string to the plan's Name. What stands between braces is in template_expr.c. */
#include "compiler/template.h"

#include <string.h>

static bool flush(struct ck_template *template, struct ck_buf *literal)
{
	Ck__Plan__Part *part;

	if (!literal->n && !literal->failed)
		return true;
	part = ck_template_add(template, CK_PART_LITERAL);
	return part && ck_namer_bytes(&template->namer, literal, &part->text);
}

Ck__Plan__Part *ck_template_add(struct ck_template *template, enum ck_part_kind kind)
{
	struct ck_namer *namer = &template->namer;
	Ck__Plan__Part *part = ck_arena_alloc(namer->arena, sizeof(*part));

	if (!part || !ck_arena_grow(namer->arena, (void **)&template->parts, template->n_parts, &template->capacity,
				    sizeof(*template->parts))) {
		ck_namer_nomem(namer);
		return NULL;
	}
	ck__plan__part__init(part);
	part->kind = kind;
	template->parts[template->n_parts++] = part;
	return part;
}

/* ---- what corresponds to the source */

/* How many unnamed wildcards or alternations the sources have. */
static size_t count_unnamed(const struct ck_locals *locals, char mark)
{
	size_t n = 0;

	for (size_t i = 0; i < locals->n_items; i++)
		n += locals->items[i]->name.len > 1 && locals->items[i]->name.data[0] == (uint8_t)mark;
	return n;
}

static const char *nth(size_t n)
{
	return n % 100 / 10 == 1 ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

static bool no_partner(struct ck_template *template, size_t begin, size_t number, char mark)
{
	struct ck_namer *namer = &template->namer;
	const char *what = mark == '*' ? "wildcard" : "alternation";
	size_t n = count_unnamed(template->locals, mark);
	struct ck_diag *diag;

	if (n)
		diag = ck_namer_error(namer, CK_WILDCARD_MISMATCH, begin, namer->at, "the target's %zu%s %s, and the source has %zu", number,
				      nth(number), what, n);
	else
		diag = ck_namer_error(namer, CK_WILDCARD_MISMATCH, begin, namer->at, "a target with %s %s, and the source has none",
				      mark == '*' ? "a" : "an", what);
	for (size_t i = 0; n && i < template->locals->n_items; i++)
		if (template->locals->items[i]->name.len > 1 && template->locals->items[i]->name.data[0] == (uint8_t)mark)
			ck_diag_label(namer->diags, diag, template->locals->spans[i], "one of the source");
	if (mark == '*')
		ck_diag_help(namer->diags, diag, n ? "the n-th wildcard stands for the source's n-th; to use one twice name it: {x:**} in the source, {x} in the target"
						   : "a target is one name for each match: write the name, or capture it in the source and write {x} here");
	else
		ck_diag_help(namer->diags, diag, n ? "the n-th alternation stands for the source's n-th; to use one twice name it: {p:a,b} in the source, {p:A,B} in the target"
						   : "the alternatives of a target correspond to those of its source: write them there too");
	return false;
}

static bool read_wildcard(struct ck_template *template, enum ck_local_kind kind, struct ck_str form, size_t begin)
{
	struct ck_namer *namer = &template->namer;
	struct ck_locals *locals = template->locals;
	size_t number = ++template->n_wildcards;
	size_t at = ck_locals_find(locals, ck_str_format(namer->arena, "*%zu", number));
	struct ck_str source;
	struct ck_diag *diag;
	Ck__Plan__Part *part;

	if (at == SIZE_MAX)
		return no_partner(template, begin, number, '*');
	source = locals->forms[at].n ? locals->forms[at] : CK_STR("**");
	if (locals->items[at]->kind != kind || (kind == CK_LOCAL_CLASS && !ck_str_equal(form, source))) {
		diag = ck_namer_error(namer, CK_WILDCARD_MISMATCH, begin, namer->at, "`%.*s` in the target, and the source's %zu%s wildcard is `%.*s`",
				      CK_STR_ARG(form), number, nth(number), CK_STR_ARG(source));
		ck_diag_label(namer->diags, diag, locals->spans[at], "stands for this one");
		ck_diag_help(namer->diags, diag, "wildcards correspond by position and form: write `%.*s`, or name them, such as {x:%.*s} and {x}",
			     CK_STR_ARG(source), CK_STR_ARG(source));
		return false;
	}
	part = ck_template_add(template, CK_PART_LOCAL);
	if (!part)
		return false;
	part->local = (uint32_t)at;
	locals->used[at] = true;
	return true;
}

/* ---- alternatives */

static bool refuse_in_alternative(struct ck_template *template, size_t at)
{
	struct ck_namer *namer = &template->namer;
	struct ck_diag *diag = ck_namer_error(namer, CK_BAD_TEMPLATE, at, at + 1, "`%c` in an alternative of a target, which is plain text",
					      namer->text.p[at]);

	ck_diag_help(namer->diags, diag, "write `[%c]` for the character", namer->text.p[at]);
	return false;
}

static bool read_alternative(struct ck_template *template, size_t end, struct ck_buf *text)
{
	struct ck_namer *namer = &template->namer;
	size_t begin = namer->at;
	struct ck_class class;

	while (namer->at < end && namer->text.p[namer->at] != ',') {
		char c = namer->text.p[namer->at];

		if (c == '[') {
			size_t open = namer->at;

			if (!ck_namer_class(namer, &class))
				return false;
			if (class.n_ranges)
				return refuse_in_alternative(template, open);
			ck_buf_str(text, class.literal);
			continue;
		}
		if (c && strchr("*?{}@", c))
			return refuse_in_alternative(template, namer->at);
		if (c == ' ' && (namer->at == begin || namer->at + 1 == end || namer->text.p[namer->at + 1] == ',')) {
			struct ck_diag *diag = ck_namer_error(namer, CK_BAD_TEMPLATE, namer->at, namer->at + 1,
							      "a space at the end of an alternative");

			ck_diag_help(namer->diags, diag, "spaces in braces count: remove it, or write `[ ]` where the name has one there");
			return false;
		}
		ck_buf_char(text, c);
		namer->at++;
	}
	return true;
}

static bool read_alternatives(struct ck_template *template, size_t end, Ck__Plan__Part *part)
{
	struct ck_namer *namer = &template->namer;
	size_t capacity = 0;

	for (bool more = true; more;) {
		struct ck_buf text = { 0 };

		if (!ck_arena_grow(namer->arena, (void **)&part->alternatives, part->n_alternatives, &capacity, sizeof(*part->alternatives)))
			return ck_namer_nomem(namer);
		if (!read_alternative(template, end, &text)) {
			ck_buf_clear(&text);
			return false;
		}
		if (!ck_namer_bytes(namer, &text, &part->alternatives[part->n_alternatives]))
			return false;
		part->n_alternatives++;
		more = namer->at++ < end;
	}
	return true;
}

/* `{Q,K,V}` and `{p:Q,K,V}`; the closing brace is at `end`. */
static bool read_choice(struct ck_template *template, size_t open, size_t end)
{
	struct ck_namer *namer = &template->namer;
	struct ck_locals *locals = template->locals;
	size_t name_bytes = ck_namer_ident(namer, open + 1), at;
	bool named = name_bytes && ck_namer_is(namer, open + 1 + name_bytes, ':');
	struct ck_str name = ck_str_slice(namer->text, open + 1, open + 1 + name_bytes);
	size_t number = named ? 0 : ++template->n_alternations;
	Ck__Plan__Part *part = ck_template_add(template, CK_PART_CHOICE);
	struct ck_diag *diag;

	if (!part)
		return false;
	namer->at = open + 1 + (named ? name_bytes + 1 : 0);
	if (!read_alternatives(template, end, part))
		return false;
	at = ck_locals_find(locals, named ? name : ck_str_format(namer->arena, "{%zu}", number));
	if (at == SIZE_MAX)
		return named ? ck_template_unknown(template, open + 1, open + 1 + name_bytes) : no_partner(template, open, number, '{');
	part->local = (uint32_t)at;
	locals->used[at] = true;
	if (locals->items[at]->kind == CK_LOCAL_CHOICE && locals->items[at]->n_alternatives == part->n_alternatives)
		return true;
	if (locals->items[at]->kind == CK_LOCAL_CHOICE)
		diag = ck_namer_error(namer, CK_WILDCARD_MISMATCH, open, namer->at, "%zu alternatives for the source's %u", part->n_alternatives,
				      locals->items[at]->n_alternatives);
	else
		diag = ck_namer_error(namer, CK_WILDCARD_MISMATCH, open, namer->at, "alternatives for `%.*s`, which captures %s", CK_STR_ARG(name),
				      ck_local_kind_text((enum ck_local_kind)locals->items[at]->kind));
	ck_diag_label(namer->diags, diag, locals->spans[at], "of this one");
	ck_diag_help(namer->diags, diag, "alternatives correspond by position, one for one%s",
		     locals->items[at]->kind == CK_LOCAL_CHOICE ? "" : ": write the source's as {p:a,b}");
	return false;
}

/* ---- the rest */

/* Where the brace that opens at namer->at closes; false after a message. *ret_comma: it holds a comma, outside of classes. */
static bool find_close(struct ck_template *template, size_t *ret_close, bool *ret_comma)
{
	struct ck_namer *namer = &template->namer;
	size_t open = namer->at, close = 0;
	struct ck_class class;
	struct ck_diag *diag;

	*ret_comma = false;
	for (namer->at = open + 1; namer->at < namer->text.n && !close;) {
		char c = namer->text.p[namer->at];

		if (c == '[') {
			if (!ck_namer_class(namer, &class))
				return false;
			continue;
		}
		if (c == '{') {
			diag = ck_namer_error(namer, CK_BAD_TEMPLATE, namer->at, namer->at + 1, "`{` inside braces");
			ck_diag_help(namer->diags, diag, "braces of a target do not nest: alternatives are plain text, and arithmetic has parentheses");
			return false;
		}
		*ret_comma = *ret_comma || c == ',';
		close = c == '}' ? namer->at : 0;
		namer->at++;
	}
	namer->at = open;
	*ret_close = close;
	if (close)
		return true;
	diag = ck_namer_error(namer, CK_BAD_TEMPLATE, open, open + 1, "`{` without `}`");
	ck_diag_help(namer->diags, diag, "write `[{]` for the character");
	return false;
}

static bool read_braces(struct ck_template *template)
{
	size_t open = template->namer.at, close;
	bool comma, good;

	if (!find_close(template, &close, &comma))
		return false;
	good = comma ? read_choice(template, open, close) : ck_template_expr(template, open, close);
	template->namer.at = close + 1;
	return good;
}

static bool read_class(struct ck_template *template, struct ck_buf *literal)
{
	size_t begin = template->namer.at;
	struct ck_class class;

	if (!ck_namer_class(&template->namer, &class))
		return false;
	if (class.n_ranges)
		return flush(template, literal) && read_wildcard(template, CK_LOCAL_CLASS, class.form, begin);
	ck_buf_str(literal, class.literal);
	return true;
}

/* One character, wildcard or brace. */
static bool read_one(struct ck_template *template, struct ck_buf *literal)
{
	struct ck_namer *namer = &template->namer;
	enum ck_local_kind kind = CK_LOCAL_ONE;
	size_t begin = namer->at;
	struct ck_diag *diag;

	switch (namer->text.p[begin]) {
	case '[':
		return read_class(template, literal);
	case '?':
	case '*':
		if (namer->text.p[begin] == '*')
			kind = ck_namer_stars(namer);
		else
			namer->at++;
		return kind && flush(template, literal) && read_wildcard(template, kind, ck_str_slice(namer->text, begin, namer->at), begin);
	case '{':
		return flush(template, literal) && read_braces(template);
	case '}':
		diag = ck_namer_error(namer, CK_BAD_TEMPLATE, begin, begin + 1, "`}` without `{`");
		ck_diag_help(namer->diags, diag, "write `[}]` for the character");
		return false;
	default:
		ck_buf_char(literal, namer->text.p[namer->at++]);
		return true;
	}
}

/* Constants and the text beside them become one part: the plan tells nothing of how a name was written. */
static bool merge_literals(struct ck_template *template)
{
	size_t n = 0;

	for (size_t i = 0; i < template->n_parts; i++) {
		Ck__Plan__Part *part = template->parts[i], *last = n ? template->parts[n - 1] : NULL;
		struct ck_buf text = { 0 };

		if (part->kind != CK_PART_LITERAL || !last || last->kind != CK_PART_LITERAL) {
			template->parts[n++] = part;
			continue;
		}
		ck_buf_str(&text, ck_str_of(last->text));
		ck_buf_str(&text, ck_str_of(part->text));
		if (!ck_namer_bytes(&template->namer, &text, &last->text))
			return false;
	}
	template->n_parts = n;
	return true;
}

/* Parts up to the `@` or the end. */
static bool read_parts(struct ck_template *template, Ck__Plan__Part ***ret_parts, size_t *ret_n)
{
	struct ck_buf literal = { 0 };
	bool good = true;

	template->parts = NULL;
	template->n_parts = template->capacity = 0;
	while (good && template->namer.at < template->namer.text.n && template->namer.text.p[template->namer.at] != '@')
		good = read_one(template, &literal);
	good = good && flush(template, &literal) && merge_literals(template);
	ck_buf_clear(&literal);
	*ret_parts = template->parts;
	*ret_n = template->n_parts;
	return good;
}

static bool read_template(struct ck_template *template, Ck__Plan__Name *name)
{
	struct ck_namer *namer = &template->namer;

	if (!namer->text.n) {
		ck_namer_error(namer, CK_BAD_TEMPLATE, 0, 0, "an empty name");
		return false;
	}
	if (!read_parts(template, &name->parts, &name->n_parts))
		return false;
	if (namer->at == namer->text.n)
		return true;
	name->has_slot = true;
	return ck_namer_slot(namer, false) && read_parts(template, &name->slot, &name->n_slot) &&
	       (namer->at == namer->text.n || ck_namer_slot(namer, true));
}

enum ck_code ck_template_parse(struct ck_locals *locals, const struct ck_scope *scope, const struct ck_ast_name *name,
			       struct ck_diags *diags, Ck__Plan__Name **ret_name)
{
	struct ck_template template = { .locals = locals, .scope = scope };
	Ck__Plan__Name *message = ck_arena_alloc(locals->arena, sizeof(*message));

	ck_namer_init(&template.namer, locals->arena, diags, &name->string, CK_BAD_TEMPLATE);
	if (!message) {
		ck_namer_nomem(&template.namer);
		return CK_NOMEM;
	}
	ck__plan__name__init(message);
	message->by = (uint32_t)name->by;
	if (read_template(&template, message))
		*ret_name = message;
	return template.namer.failed;
}
