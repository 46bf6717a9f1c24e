/* Names listed for people: those that differ in numbers only as one row, "blocks/{0..11}/w". What no statement accounts for. */
#include "vm/bind_internal.h"

#include <string.h>

/* Names of one form. The numbers in them are the runs of digits. */
struct group {
	struct ck_str first;
	size_t n;
	struct ck_str *low, *high;		/* [numbers of the form] */
};

struct groups {
	struct ck_map by_form;
	struct group *items;
	size_t n, capacity;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The next number from *at on; false at the end of the name. *at is behind it then. */
static bool next_number(struct ck_str name, size_t *at, struct ck_str *ret_before, struct ck_str *ret_number)
{
	size_t begin = *at, end;

	while (begin < name.n && !is_digit(name.p[begin]))
		begin++;
	end = begin;
	while (end < name.n && is_digit(name.p[end]))
		end++;
	*ret_before = ck_str_slice(name, *at, begin);
	*ret_number = ck_str_slice(name, begin, end);
	*at = end;
	return ret_number->n > 0;
}

/* By value, of any number of digits; 7 and 007 are the same number. */
static int compare_numbers(struct ck_str a, struct ck_str b)
{
	while (a.n > 1 && a.p[0] == '0')
		a = ck_str_slice(a, 1, a.n);
	while (b.n > 1 && b.p[0] == '0')
		b = ck_str_slice(b, 1, b.n);
	return a.n != b.n ? (a.n > b.n) - (a.n < b.n) : ck_str_compare(a, b);
}

/* The name with a 0 for each number. Returns how many there are. */
static size_t form_of(struct ck_str name, struct ck_buf *form)
{
	struct ck_str before, number;
	size_t at = 0, n = 0;

	form->n = 0;
	while (next_number(name, &at, &before, &number)) {
		ck_buf_str(form, before);
		ck_buf_char(form, '0');
		n++;
	}
	ck_buf_str(form, before);
	return n;
}

static struct group *add_group(struct ck_binder *binder, struct groups *groups, struct ck_str form, size_t n_numbers, struct ck_str name)
{
	struct ck_str copy = ck_str_copy(binder->arena, form);
	struct group *group;

	if (!copy.p || !ck_arena_grow(binder->arena, (void **)&groups->items, groups->n, &groups->capacity, sizeof(*groups->items)) ||
	    !ck_map_put(&groups->by_form, copy, groups->n))
		return NULL;
	group = &groups->items[groups->n++];
	*group = (struct group){ .first = name, .low = ck_arena_array(binder->arena, n_numbers + 1, sizeof(*group->low)),
				 .high = ck_arena_array(binder->arena, n_numbers + 1, sizeof(*group->high)) };
	return group->low && group->high ? group : NULL;
}

static bool add_name(struct ck_binder *binder, struct groups *groups, struct ck_str name, struct ck_buf *form)
{
	size_t n_numbers = form_of(name, form), found, at = 0;
	struct ck_str before, number;
	struct group *group;

	if (ck_map_get(&groups->by_form, ck_buf_view(form), &found))
		group = &groups->items[found];
	else
		group = add_group(binder, groups, ck_buf_view(form), n_numbers, name);
	if (!group || form->failed)
		return ck_bind_nomem(binder);
	for (size_t i = 0; next_number(name, &at, &before, &number); i++) {
		if (!group->n || compare_numbers(number, group->low[i]) < 0)
			group->low[i] = number;
		if (!group->n || compare_numbers(number, group->high[i]) > 0)
			group->high[i] = number;
	}
	group->n++;
	return true;
}

static bool group_names(struct ck_binder *binder, const struct ck_str *names, size_t n, struct groups *ret_groups)
{
	struct ck_buf form = { 0 };
	bool good = true;

	*ret_groups = (struct groups){ 0 };
	ck_map_init(&ret_groups->by_form, binder->arena);
	for (size_t i = 0; i < n && good; i++)
		good = add_name(binder, ret_groups, names[i], &form);
	ck_buf_clear(&form);
	return good;
}

static void buf_group(struct ck_buf *buf, const struct group *group)
{
	struct ck_str before, number;
	size_t at = 0;

	for (size_t i = 0; next_number(group->first, &at, &before, &number); i++) {
		ck_buf_name(buf, before);
		if (compare_numbers(group->low[i], group->high[i]) == 0)
			ck_buf_str(buf, number);
		else
			ck_buf_printf(buf, "{%.*s..%.*s}", CK_STR_ARG(group->low[i]), CK_STR_ARG(group->high[i]));
	}
	ck_buf_name(buf, before);
}

void ck_explain_list(struct ck_binder *binder, struct ck_diag *diag, const struct ck_str *labels, size_t n)
{
	enum { MAX_ROWS = 10 };
	struct groups groups;
	size_t n_told = 0;

	if (!group_names(binder, labels, n, &groups))
		return;
	for (size_t i = 0; i < groups.n && i < MAX_ROWS; i++) {
		const struct group *group = &groups.items[i];
		struct ck_buf row = { 0 };

		buf_group(&row, group);
		if (group->n > 1)
			ck_diag_note(binder->diags, diag, "\"%.*s\" (%zu)", (int)row.n, row.p ? row.p : "", group->n);
		else
			ck_diag_note(binder->diags, diag, "\"%.*s\"", (int)row.n, row.p ? row.p : "");
		ck_buf_clear(&row);
		n_told += group->n;
	}
	if (n_told < n)
		ck_diag_note(binder->diags, diag, "... and %zu more", n - n_told);
}

struct ck_str ck_explain_row(struct ck_binder *binder, const struct ck_str *names, size_t n)
{
	enum { MAX_NAMES = 8 };
	struct groups groups;
	struct ck_buf row = { 0 };
	struct ck_str text;

	if (!group_names(binder, names, n, &groups))
		return CK_STR("");
	for (size_t i = 0; i < groups.n && i < MAX_NAMES; i++) {
		ck_buf_str(&row, i ? CK_STR(", ") : CK_STR(""));
		buf_group(&row, &groups.items[i]);
	}
	if (groups.n > MAX_NAMES)
		ck_buf_str(&row, CK_STR(", ..."));
	text = ck_str_copy(binder->diags->arena, ck_buf_view(&row));
	ck_buf_clear(&row);
	return text.p ? text : CK_STR("");
}

bool ck_explain_full_names(struct ck_binder *binder, struct ck_diag *diag, const struct ck_subjects *subjects, struct ck_str name)
{
	struct ck_str *names = ck_arena_array(binder->arena, subjects->n_plain + 1, sizeof(*names));
	struct ck_suggest suggest;
	size_t n = 0;

	ck_suggest_init(&suggest, name);
	for (size_t i = 0; names && i < subjects->n_plain; i++) {
		struct ck_str full = subjects->items[subjects->by_head[i]].full_name;

		if (!full.n)
			continue;
		names[n++] = full;
		if (name.p)
			ck_suggest_offer(&suggest, full);
	}
	if (suggest.n_best)
		ck_diag_help(binder->diags, diag, "did you mean full:\"%.*s\"?", CK_STR_ARG(ck_name_text(binder->diags->arena, suggest.best[0])));
	else if (n)
		ck_diag_note(binder->diags, diag, "full names there are %.*s", CK_STR_ARG(ck_explain_row(binder, names, n)));
	else
		ck_diag_note(binder->diags, diag, "no variable there has a full name");
	return true;
}

/* ---- what no statement accounts for */

/* Counts those of a relation that are unaccounted for. */
static size_t count_left(const struct ck_relation *relation, const bool *left, bool out_only)
{
	size_t n = 0;

	for (size_t i = 0; i < relation->n_rows; i++) {
		const struct ck_origin *origin = relation->rows[i].origins[0];

		n += left[origin->variable] && (!out_only || origin->out);
	}
	return n;
}

/* Variables that a statement would take, but for its `where`. */
static void tell_left_by_where(struct ck_binder *binder, uint32_t input, const bool *left, struct ck_diag *diag)
{
	enum { MAX_TOLD = 5 };
	struct ck_relation found;
	size_t n_told = 0;

	for (size_t i = 0; i < binder->code->n_rules && n_told < MAX_TOLD; i++) {
		struct ck_unit *unit = &binder->units[i];

		for (size_t j = 0; j < unit->n_code && n_told < MAX_TOLD; j++) {
			const Ck__Plan__Insn *insn = unit->code[j];
			size_t n;

			if (insn->op != CK_OP_SOURCE || insn->source->input != input || unit->failed)
				continue;
			n = count_left(&unit->matches[j], left, true);
			if (insn->where && ck_explain_match(binder, unit, j, &found))
				n += count_left(&found, left, false);
			if (!n)
				continue;
			ck_diag_label(binder->diags, diag, ck_unit_span(binder, unit, j), "matches %zu of them, which a `where` leaves out", n);
			n_told++;
		}
	}
}

void ck_explain_unaccounted(struct ck_binder *binder, uint32_t input, const size_t *variables, size_t n)
{
	struct ck_str *labels = ck_arena_array(binder->arena, n + 1, sizeof(*labels));
	bool *left = ck_arena_array(binder->arena, binder->inputs[input].n + 1, sizeof(*left));
	struct ck_str name = ck_plan_input_name(binder->plan, input), prefix = { 0 };
	struct ck_diag *diag;

	if (input != CK_INPUT_SOURCE)
		prefix = ck_str_format(binder->diags->arena, "%.*s:", CK_STR_ARG(name));
	if (!labels || !left) {
		ck_bind_nomem(binder);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		labels[i] = ck_subject_label(binder, input, variables[i]);
		left[variables[i]] = true;
	}
	diag = ck_error(binder->diags, CK_UNACCOUNTED, (struct ck_span){ 0 }, "%zu variable%s of the %.*s that no statement accounts for", n,
			n == 1 ? "" : "s", CK_STR_ARG(name));
	ck_explain_list(binder, diag, labels, n);
	tell_left_by_where(binder, input, left, diag);
	if (input == CK_INPUT_SOURCE)
		ck_counters_left(binder, diag, variables, n, false);
	ck_diag_help(binder->diags, diag, "map, keep or drop %s: `keep %.*srest` keeps what is left, `drop %.*srest because \"...\"` leaves it out",
		     n == 1 ? "it" : "them", CK_STR_ARG(prefix), CK_STR_ARG(prefix));
}

/* ---- slots by number */

/* Does the key lead through an optimizer's list `_variables`? Whose slot it is only the graph tells. */
static bool is_numbered_slot(struct ck_str key)
{
	static const char list[] = "_variables/";
	size_t n = sizeof(list) - 1;

	for (size_t i = 0; i + n <= key.n; i++)
		if ((i == 0 || key.p[i - 1] == '/') && !memcmp(key.p + i, list, n))
			return true;
	return false;
}

bool ck_hides_slots(const struct ck_manifest *manifest)
{
	bool hides = false;

	for (size_t i = 0; manifest->object_based && !manifest->graph && i < manifest->n_variables && !hides; i++)
		hides = is_numbered_slot(manifest->variables[i].key);
	return hides;
}

void ck_explain_numbered_slots(struct ck_binder *binder, struct ck_span span, uint32_t input)
{
	struct ck_diag *diag = ck_error(binder->diags, CK_NEEDS_GRAPH, span,
					"optimizer slots need the object graph, and the %.*s is an index without its data files, where the graph is",
					CK_STR_ARG(ck_plan_input_name(binder->plan, input)));

	ck_diag_note(binder->diags, diag, "slots in a list `_variables` have numbers; whose they are is told by the graph alone");
	ck_diag_help(binder->diags, diag, "put the data file that holds _CHECKPOINTABLE_OBJECT_GRAPH beside the index");
}

/* What a scaffold left open names what is not there. */
bool ck_explain_open(struct ck_binder *binder, struct ck_diag *diag, struct ck_str name)
{
	if (!ck_str_starts(name, CK_STR("TODO")))
		return false;
	ck_diag_help(binder->diags, diag, "this is left open: put in what is meant; the comment of a scaffold says what it could be");
	return true;
}
