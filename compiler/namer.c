/* What the readers of patterns and templates share; the locals of a rule; names without wildcards. */
#include "compiler/namer.h"

#include <string.h>

/* ---- locals */

size_t ck_locals_find(const struct ck_locals *locals, struct ck_str name)
{
	for (size_t i = locals->from; i < locals->n_items; i++)
		if (ck_str_equal(ck_str_of(locals->items[i]->name), name))
			return i;
	return SIZE_MAX;
}

size_t ck_locals_add(struct ck_locals *locals, struct ck_str name, enum ck_local_kind kind, struct ck_span span)
{
	size_t at = ck_locals_find(locals, name), n = locals->n_items;
	Ck__Plan__Local *local;
	struct ck_str copy;

	if (at != SIZE_MAX)
		return at;
	local = ck_arena_alloc(locals->arena, sizeof(*local));
	copy = ck_str_copy(locals->arena, name);
	if (!local || !copy.p || !ck_arena_grow(locals->arena, (void **)&locals->items, n, &locals->capacity, sizeof(*locals->items)) ||
	    !ck_arena_grow(locals->arena, (void **)&locals->spans, n, &locals->spans_capacity, sizeof(*locals->spans)) ||
	    !ck_arena_grow(locals->arena, (void **)&locals->used, n, &locals->used_capacity, sizeof(*locals->used)) ||
	    !ck_arena_grow(locals->arena, (void **)&locals->forms, n, &locals->forms_capacity, sizeof(*locals->forms)))
		return SIZE_MAX;
	ck__plan__local__init(local);
	local->name = (ProtobufCBinaryData){ copy.n, (uint8_t *)(uintptr_t)copy.p };
	local->kind = kind;
	locals->items[n] = local;
	locals->spans[n] = span;
	locals->used[n] = false;
	locals->forms[n] = (struct ck_str){ 0 };
	return locals->n_items++;
}

const char *ck_local_kind_text(enum ck_local_kind kind)
{
	switch (kind) {
	case CK_LOCAL_INT:
	case CK_LOCAL_UNIQ:
	case CK_LOCAL_INDEX:
		return "a number";
	case CK_LOCAL_CHOICE:
		return "an alternation";
	case CK_LOCAL_DIM:
		return "a dimension";
	case CK_LOCAL_TEXT:
	case CK_LOCAL_ONE:
	case CK_LOCAL_STAR:
	case CK_LOCAL_STARSTAR:
	case CK_LOCAL_CLASS:
		break;
	}
	return "text";
}

/* ---- the reader */

void ck_namer_init(struct ck_namer *namer, struct ck_arena *arena, struct ck_diags *diags, const struct ck_ast_string *string,
		   enum ck_code bad)
{
	*namer = (struct ck_namer){ .arena = arena, .diags = diags, .string = string, .text = string->text, .bad = bad };
}

struct ck_diag *ck_namer_error(struct ck_namer *namer, enum ck_code code, size_t begin, size_t end, const char *format, ...)
{
	struct ck_buf text = { 0 };
	struct ck_diag *diag;
	va_list args;

	va_start(args, format);
	ck_buf_vprintf(&text, format, args);
	va_end(args);
	diag = ck_error(namer->diags, code, ck_ast_string_span(namer->string, begin, end), "%.*s", (int)text.n, text.p ? text.p : "");
	ck_buf_clear(&text);
	if (namer->failed == CK_OK)
		namer->failed = code;
	return diag;
}

bool ck_namer_nomem(struct ck_namer *namer)
{
	if (namer->failed == CK_OK)
		namer->failed = ck_error_nomem(namer->diags);
	return false;
}

bool ck_namer_is(const struct ck_namer *namer, size_t at, char c)
{
	return at < namer->text.n && namer->text.p[at] == c;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

size_t ck_namer_ident(const struct ck_namer *namer, size_t at)
{
	size_t end = at;

	if (at >= namer->text.n || !is_letter(namer->text.p[at]))
		return 0;
	while (end < namer->text.n && (is_letter(namer->text.p[end]) || (namer->text.p[end] >= '0' && namer->text.p[end] <= '9')))
		end++;
	return end - at == 1 && namer->text.p[at] == '_' ? 0 : end - at;
}

enum ck_local_kind ck_namer_stars(struct ck_namer *namer)
{
	size_t begin = namer->at;
	struct ck_diag *diag;

	while (ck_namer_is(namer, namer->at, '*'))
		namer->at++;
	if (namer->at - begin <= 2)
		return namer->at - begin == 1 ? CK_LOCAL_STAR : CK_LOCAL_STARSTAR;
	diag = ck_namer_error(namer, namer->bad, begin, namer->at, "`%.*s` is no wildcard", (int)(namer->at - begin),
			      namer->text.p + begin);
	ck_diag_help(namer->diags, diag, "`*` stays inside one path segment, `**` crosses slashes; write `[*]` for the character");
	return 0;
}

bool ck_namer_slot(struct ck_namer *namer, bool has_slot)
{
	struct ck_diag *diag;
	size_t at = namer->at++;

	if (has_slot)
		diag = ck_namer_error(namer, namer->bad, at, at + 1, "a second `@`: a name has one slot part");
	else if (at == 0)
		diag = ck_namer_error(namer, namer->bad, at, at + 1, "`@` without a variable before it");
	else if (namer->at == namer->text.n)
		diag = ck_namer_error(namer, namer->bad, at, at + 1, "`@` without a slot behind it");
	else
		return true;
	ck_diag_help(namer->diags, diag, "a slot is written \"x@m\", those of all variables \"**@m\"; write `[@]` for the character");
	return false;
}

bool ck_namer_bytes(struct ck_namer *namer, struct ck_buf *buf, ProtobufCBinaryData *ret_bytes)
{
	struct ck_str copy = ck_str_copy(namer->arena, ck_buf_view(buf));
	bool good = !buf->failed && copy.p;

	ck_buf_clear(buf);
	if (!good)
		return ck_namer_nomem(namer);
	*ret_bytes = (ProtobufCBinaryData){ copy.n, (uint8_t *)(uintptr_t)copy.p };
	return true;
}

/* ---- classes */

static bool add_range(struct ck_namer *namer, struct ck_class *class, size_t *capacity, uint32_t low, uint32_t high)
{
	Ck__Plan__Range *range = ck_arena_alloc(namer->arena, sizeof(*range));

	if (!range || !ck_arena_grow(namer->arena, (void **)&class->ranges, class->n_ranges, capacity, sizeof(*class->ranges)))
		return ck_namer_nomem(namer);
	ck__plan__range__init(range);
	range->low = low;
	range->high = high;
	class->ranges[class->n_ranges++] = range;
	return true;
}

static bool read_point(struct ck_namer *namer, size_t *at, size_t end, uint32_t *ret_point)
{
	size_t n = ck_utf8_next(ck_str_slice(namer->text, 0, end), *at, ret_point);
	struct ck_diag *diag;

	*at += n;
	if (n)
		return true;
	diag = ck_namer_error(namer, namer->bad, *at, *at + 1, "a byte that is no UTF-8 character in a class");
	ck_diag_help(namer->diags, diag, "classes hold characters; `?` matches such a byte, and outside of a class it stands for itself");
	return false;
}

/* The characters and ranges between two places. */
static bool read_ranges(struct ck_namer *namer, size_t at, size_t end, struct ck_class *class)
{
	size_t capacity = 0;

	while (at < end) {
		uint32_t low, high;
		size_t begin = at;

		if (!read_point(namer, &at, end, &low))
			return false;
		high = low;
		if (at + 1 < end && namer->text.p[at] == '-') {
			at++;
			if (!read_point(namer, &at, end, &high))
				return false;
		}
		if (low > high) {
			struct ck_diag *diag = ck_namer_error(namer, namer->bad, begin, at, "a range that ends before it begins");

			ck_diag_help(namer->diags, diag, "write the smaller character first");
			return false;
		}
		if (!add_range(namer, class, &capacity, low, high))
			return false;
	}
	return true;
}

/* Is it a class of one character? */
static bool is_single(const struct ck_class *class)
{
	for (size_t i = 0; i < class->n_ranges; i++)
		if (class->ranges[i]->low != class->ranges[0]->low || class->ranges[i]->high != class->ranges[0]->low)
			return false;
	return !class->negated && class->n_ranges;
}

/* `[]`, `[!]]` and `[` without an end. */
static bool refuse_class(struct ck_namer *namer, size_t begin, size_t end)
{
	struct ck_diag *diag;

	if (end >= namer->text.n)
		diag = ck_namer_error(namer, namer->bad, begin, begin + 1, "`[` without `]`");
	else if (end == begin + 1)
		diag = ck_namer_error(namer, namer->bad, begin, end + 1, "a class without characters");
	else
		diag = ck_namer_error(namer, namer->bad, begin, end + 2, "a class holds no `]`");
	ck_diag_help(namer->diags, diag, end >= namer->text.n ? "a class is written `[a-z_]`; write `[[]` for the character"
							      : "write `[]]` for the character `]`, `[!]` for `!`");
	return false;
}

bool ck_namer_class(struct ck_namer *namer, struct ck_class *ret_class)
{
	size_t begin = namer->at, first = begin + 1, end;
	struct ck_class class = { 0 };

	if (ck_namer_is(namer, first, ']') && ck_namer_is(namer, first + 1, ']')) {
		class.form = ck_str_slice(namer->text, begin, first + 2);
		class.literal = ck_str_slice(namer->text, first, first + 1);
		namer->at = first + 2;
		*ret_class = class;
		return true;
	}
	end = first + ck_str_find(ck_str_slice(namer->text, first, namer->text.n), ']');
	class.negated = ck_namer_is(namer, first, '!') && end > first + 1;
	if (end >= namer->text.n || end == first)
		return refuse_class(namer, begin, end);
	if (ck_namer_is(namer, first, '!') && end == first + 1 && ck_namer_is(namer, end + 1, ']'))
		return refuse_class(namer, begin, end);
	namer->at = end + 1;
	class.form = ck_str_slice(namer->text, begin, end + 1);
	class.literal = ck_str_slice(namer->text, first, end);
	if (class.literal.n == 1) {
		*ret_class = class;
		return true;
	}
	if (!read_ranges(namer, first + class.negated, end, &class))
		return false;
	if (is_single(&class)) {
		uint32_t point;

		class.literal.n = ck_utf8_next(class.literal, 0, &point);
		class.ranges = NULL;
		class.n_ranges = 0;
	}
	*ret_class = class;
	return true;
}

/* ---- names without wildcards */

static bool refuse_plain(struct ck_namer *namer, const char *what)
{
	char c = namer->text.p[namer->at];
	struct ck_diag *diag = ck_namer_error(namer, namer->bad, namer->at, namer->at + 1, "`%c` in %s", c, what);

	ck_diag_help(namer->diags, diag, "write `[%c]` for the character", c);
	return false;
}

/* Plain text up to the end or a brace (if it may stop there). */
static bool read_plain(struct ck_namer *namer, const char *what, bool stop_at_brace, struct ck_str *ret_text)
{
	struct ck_buf text = { 0 };
	struct ck_class class;
	bool good = true;

	while (good && namer->at < namer->text.n) {
		char c = namer->text.p[namer->at];

		if (stop_at_brace && c == '{')
			break;
		if (c == '[') {
			good = ck_namer_class(namer, &class);
			if (good && class.n_ranges) {
				namer->at -= class.form.n;
				good = refuse_plain(namer, what);
			}
			if (good)
				ck_buf_str(&text, class.literal);
			continue;
		}
		if (c && strchr("*?{}@", c))
			good = refuse_plain(namer, what);
		else
			ck_buf_char(&text, c);
		namer->at++;
	}
	if (good) {
		*ret_text = ck_str_copy(namer->arena, ck_buf_view(&text));
		good = (!text.failed && ret_text->p) || ck_namer_nomem(namer);
	}
	ck_buf_clear(&text);
	return good;
}

enum ck_code ck_name_parse(struct ck_arena *arena, const struct ck_ast_string *string, struct ck_diags *diags, struct ck_str *ret_name)
{
	struct ck_namer namer;
	struct ck_str name;

	ck_namer_init(&namer, arena, diags, string, CK_BAD_PATTERN);
	if (!string->text.n)
		ck_namer_error(&namer, CK_BAD_PATTERN, 0, 0, "an empty name");
	else if (read_plain(&namer, "a name without wildcards", false, &name))
		*ret_name = name;
	return namer.failed;
}

enum ck_code ck_slot_pattern_parse(struct ck_arena *arena, const struct ck_ast_string *string, struct ck_diags *diags,
				   struct ck_str *ret_before, struct ck_str *ret_after)
{
	static const struct ck_str capture = { "{x:**}", 6 };
	struct ck_str before, after;
	struct ck_namer namer;
	struct ck_diag *diag;
	size_t begin;

	ck_namer_init(&namer, arena, diags, string, CK_BAD_PATTERN);
	if (!read_plain(&namer, "the name of a slot", true, &before))
		return namer.failed;
	begin = namer.at;
	if (!ck_str_starts(ck_str_slice(namer.text, begin, namer.text.n), capture)) {
		size_t end = begin + ck_str_find(ck_str_slice(namer.text, begin, namer.text.n), '}');

		diag = ck_namer_error(&namer, CK_BAD_PATTERN, begin, end < namer.text.n ? end + 1 : namer.text.n,
				      "the capture `{x:**}` is wanted here: the name of the slot's variable");
		ck_diag_help(diags, diag, "write it as in `slot m = \"{x:**}/my_m\"`");
		return namer.failed;
	}
	namer.at += capture.n;
	if (!read_plain(&namer, "the name of a slot", false, &after))
		return namer.failed;
	if (!before.n && !after.n) {
		diag = ck_namer_error(&namer, CK_BAD_PATTERN, 0, namer.text.n, "nothing tells the slot from its variable");
		ck_diag_help(diags, diag, "write what the slot's name has besides, as in `slot m = \"{x:**}/my_m\"`");
		return namer.failed;
	}
	*ret_before = before;
	*ret_after = after;
	return CK_OK;
}
