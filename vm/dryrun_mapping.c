/* The last column of the dry run's table: from what to what, as the statement has it or, with --expand, by name. */
#include "vm/report_internal.h"

#include <string.h>

/* ---- lists: a tuple in one word where its members differ in one place */

/* Patterns or names. What stands before a name, such as "teacher:", is apart. */
struct member {
	struct ck_str before, text;
	bool is_whole;			/* no part of it may be taken for itself: `same`, or with a `where` */
};

struct members {
	const struct ck_ledger *ledger;
	struct member *items;
	size_t n, capacity;
};

static bool add_member(struct members *members, struct ck_buf *before, struct ck_buf *text, bool is_whole)
{
	struct ck_arena *arena = members->ledger->arena;
	struct member member = { .is_whole = is_whole };

	member.before = ck_str_copy(arena, ck_buf_view(before));
	member.text = ck_str_copy(arena, ck_buf_view(text));
	if (before->failed || text->failed || !member.before.p || !member.text.p ||
	    !ck_arena_grow(arena, (void **)&members->items, members->n, &members->capacity, sizeof(member)))
		return false;
	members->items[members->n++] = member;
	return true;
}

/* Whether a slash here parts segments: outside of braces and classes. Walks through the text with *depth. */
static bool is_cut(char c, int *depth)
{
	*depth += c == '{' || c == '[';
	*depth -= (c == '}' || c == ']') && *depth > 0;
	return c == '/' && *depth == 0;
}

/* Length of the whole segments that all begin with. */
static size_t common_begin(const struct members *members)
{
	struct ck_str first = members->items[0].text;
	size_t begin = 0;
	int depth = 0;

	for (size_t i = 0; i < first.n; i++) {
		for (size_t j = 1; j < members->n; j++)
			if (i >= members->items[j].text.n || members->items[j].text.p[i] != first.p[i])
				return begin;
		if (is_cut(first.p[i], &depth))
			begin = i + 1;
	}
	return begin;
}

/* Length of the whole segments that all end with, leaving something of each after `begin`. */
static size_t common_end(const struct members *members, size_t begin)
{
	struct ck_str first = members->items[0].text;
	size_t end = 0, n = first.n;

	for (size_t j = 1; j < members->n; j++)
		n = members->items[j].text.n < n ? members->items[j].text.n : n;
	for (size_t i = 1; i + begin < n; i++) {
		for (size_t j = 1; j < members->n; j++) {
			struct ck_str text = members->items[j].text;

			if (text.p[text.n - i] != first.p[first.n - i])
				return end;
		}
		if (first.p[first.n - i] == '/')
			end = i;
	}
	return end;
}

/* What is between is a word for each. */
static bool folds(const struct members *members, size_t begin, size_t end)
{
	for (size_t i = 0; i < members->n; i++) {
		struct ck_str text = members->items[i].text, middle = ck_str_slice(text, begin, text.n - end);

		if (members->items[i].is_whole || !ck_str_equal(members->items[i].before, members->items[0].before))
			return false;
		for (size_t j = 0; j < middle.n; j++)
			if (strchr("{}[],", middle.p[j]))
				return false;
	}
	return begin + end > 0;
}

static void buf_folded(struct ck_buf *out, const struct members *members, size_t begin, size_t end)
{
	struct ck_str first = members->items[0].text;

	ck_buf_str(out, members->items[0].before);
	ck_buf_str(out, ck_str_slice(first, 0, begin));
	for (size_t i = 0; i < members->n; i++) {
		struct ck_str text = members->items[i].text;

		ck_buf_char(out, i ? ',' : '{');
		ck_buf_str(out, ck_str_slice(text, begin, text.n - end));
	}
	ck_buf_char(out, '}');
	ck_buf_str(out, ck_str_slice(first, first.n - end, first.n));
}

static void buf_member(struct ck_buf *out, const struct member *member)
{
	ck_buf_str(out, member->before);
	ck_buf_str(out, member->text);
}

/* "a/{x,y}/b", "(a, b)", or of many the first and the last. */
static void buf_members(struct ck_buf *out, const struct members *members)
{
	enum { FEW = 6 };
	size_t begin, end;

	if (!members->n)
		return;
	if (members->n == 1) {
		buf_member(out, &members->items[0]);
		return;
	}
	begin = common_begin(members);
	end = common_end(members, begin);
	if (members->n <= FEW && folds(members, begin, end)) {
		buf_folded(out, members, begin, end);
		return;
	}
	ck_buf_char(out, '(');
	for (size_t i = 0; i < members->n; i++) {
		if (members->n > FEW && i > 0 && i + 1 < members->n)
			continue;
		ck_buf_str(out, !i ? CK_STR("") : members->n > FEW ? CK_STR(", .., ") : CK_STR(", "));
		buf_member(out, &members->items[i]);
	}
	ck_buf_str(out, members->n > FEW ? CK_STR("; ") : CK_STR(")"));
	if (members->n > FEW)
		ck_buf_printf(out, "%zu in all)", members->n);
}

/* ---- types */

void ck_buf_mapping_type(struct ck_buf *out, uint32_t dtype, struct ck_shape shape, bool with_dtype)
{
	ck_buf_str(out, with_dtype ? ck_str(ck_dtype_name((enum ck_dtype)dtype)) : CK_STR(""));
	ck_buf_shape(out, shape, true);
}

static bool changes_dtype(const struct ck_ledger_target *target)
{
	for (size_t i = 0; i < target->n_loads; i++)
		if (target->loads[i].variable->dtype != (enum ck_dtype)target->message->dtype)
			return true;
	return false;
}

/* The types of what a target is made of, each once where they follow each other. */
static void buf_source_types(struct ck_buf *out, const struct ck_ledger_target *target, bool with_dtype)
{
	enum { FEW = 4 };
	size_t n_shown = 0;

	for (size_t i = 0; i < target->n_loads; i++) {
		const struct ck_variable *variable = target->loads[i].variable, *before = i ? target->loads[i - 1].variable : NULL;

		if (before && before->dtype == variable->dtype && ck_shape_equal(before->shape, variable->shape))
			continue;
		if (n_shown++ == FEW) {
			ck_buf_str(out, CK_STR(" .."));
			return;
		}
		ck_buf_str(out, out->n ? CK_STR(" ") : CK_STR(""));
		ck_buf_mapping_type(out, variable->dtype, variable->shape, with_dtype);
	}
}

static struct ck_shape shape_of(const struct ck_ledger_target *target)
{
	return (struct ck_shape){ target->message->n_dims, target->message->dims };
}

/* ---- statements as written */

static void buf_by(struct ck_buf *out, uint32_t by)
{
	if (by != CK_BY_NAME)
		ck_buf_str(out, by == CK_BY_PATH ? CK_STR("path:") : CK_STR("full:"));
}

static struct ck_words words_of(const struct ck_ledger *ledger, const Ck__Plan__Rule *rule)
{
	return (struct ck_words){ ledger->plan->message->code, rule->locals, rule->n_locals };
}

static bool add_source(struct members *members, const Ck__Plan__Rule *rule, const Ck__Plan__Insn *insn)
{
	struct ck_words words = words_of(members->ledger, rule);
	const Ck__Plan__Source *source = insn->source;
	struct ck_buf before = { 0 }, text = { 0 };
	bool good;

	if (source->input != CK_INPUT_SOURCE && insn->op != CK_OP_UNMADE) {
		ck_buf_name(&before, ck_plan_input_name(members->ledger->plan, source->input));
		ck_buf_char(&before, ':');
	}
	if (source->pattern) {
		ck_buf_str(&before, source->rest ? CK_STR("rest:") : CK_STR(""));
		buf_by(&before, source->pattern->by);
		ck_buf_pattern(&text, source->pattern, rule->locals, rule->n_locals, false);
	} else {
		ck_buf_str(&text, CK_STR("rest"));
	}
	if (insn->where) {
		ck_buf_str(&text, CK_STR(" where "));
		ck_buf_expr(&text, insn->where, &words);
	}
	good = add_member(members, &before, &text, insn->where != NULL || !source->pattern);
	ck_buf_clear(&before);
	ck_buf_clear(&text);
	return good;
}

static bool add_fill(struct members *members, const Ck__Plan__Rule *rule, const Ck__Plan__Insn *insn)
{
	struct ck_words words = words_of(members->ledger, rule);
	struct ck_buf before = { 0 }, text = { 0 };
	bool good;

	ck_buf_expr(&text, insn->args[0], &words);
	good = add_member(members, &before, &text, true);
	ck_buf_clear(&text);
	return good;
}

static bool buf_rule_sources(struct ck_buf *out, const struct ck_ledger *ledger, const Ck__Plan__Rule *rule)
{
	struct ck_words words = words_of(ledger, rule);
	struct members members = { .ledger = ledger };
	const Ck__Plan__Expr *where = NULL;

	for (size_t i = 0; i < rule->n_code; i++) {
		const Ck__Plan__Insn *insn = rule->code[i];

		if (insn->source && !add_source(&members, rule, insn))
			return false;
		if (insn->op == CK_OP_FILL && insn->n_args && rule->kind != CK_RULE_NEW && !add_fill(&members, rule, insn))
			return false;
		if (insn->op == CK_OP_JOIN && insn->where)
			where = insn->where;
	}
	buf_members(out, &members);
	if (where) {
		ck_buf_str(out, CK_STR(" where "));
		ck_buf_expr(out, where, &words);
	}
	return true;
}

static bool add_goal(struct members *members, const Ck__Plan__Rule *rule, const Ck__Plan__Goal *goal)
{
	struct ck_words words = words_of(members->ledger, rule);
	struct ck_buf before = { 0 }, text = { 0 };
	bool good;

	if (goal->same) {
		ck_buf_str(&text, CK_STR("same"));
	} else {
		buf_by(&before, goal->name->by);
		ck_buf_template(&text, goal->name, &words);
	}
	good = add_member(members, &before, &text, goal->same);
	ck_buf_clear(&before);
	ck_buf_clear(&text);
	return good;
}

/* Nothing where there is nothing but `same`. */
static bool buf_rule_goals(struct ck_buf *out, const struct ck_ledger *ledger, const Ck__Plan__Rule *rule)
{
	const Ck__Plan__Insn *store = rule->code[rule->n_code - 1];
	struct members members = { .ledger = ledger };

	for (size_t i = 0; i < store->n_goals; i++)
		if (!add_goal(&members, rule, store->goals[i]))
			return false;
	if (members.n > 1 || (members.n && !store->goals[0]->same))
		buf_members(out, &members);
	return true;
}

/* ---- rows by name */

static bool buf_loads(struct ck_buf *out, const struct ck_ledger *ledger, const struct ck_ledger_target *target)
{
	struct members members = { .ledger = ledger };

	for (size_t i = 0; i < target->n_loads; i++) {
		const struct ck_ledger_load *load = &target->loads[i];
		struct ck_buf before = { 0 }, text = { 0 };
		bool good;

		if (load->input != CK_INPUT_SOURCE) {
			ck_buf_name(&before, ck_plan_input_name(ledger->plan, load->input));
			ck_buf_char(&before, ':');
		}
		ck_buf_name(&text, load->label);
		good = add_member(&members, &before, &text, false);
		ck_buf_clear(&before);
		ck_buf_clear(&text);
		if (!good)
			return false;
	}
	buf_members(out, &members);
	return true;
}

/* ---- slots: "... @m @v" */

/* "m" of "x@m" and of "x@optimizer/m". */
static struct ck_str slot_name(struct ck_str label)
{
	struct ck_str slot = ck_str_slice(label, ck_str_rfind(label, '@') + 1, label.n);

	return ck_str_slice(slot, ck_str_rfind(slot, '/') < slot.n ? ck_str_rfind(slot, '/') + 1 : 0, slot.n);
}

enum { MAX_SLOT_NAMES = 6 };

static void buf_slot(struct ck_buf *out, struct ck_str label, struct ck_str *names, size_t *n_names)
{
	struct ck_str name = slot_name(label);

	for (size_t i = 0; i < *n_names; i++)
		if (ck_str_equal(names[i], name))
			return;
	if (*n_names == MAX_SLOT_NAMES)
		return;
	names[(*n_names)++] = name;
	ck_buf_str(out, CK_STR(" @"));
	ck_buf_name(out, name);
}

static void buf_slot_names(struct ck_buf *out, const struct ck_dryrun_rows *rows, const struct ck_dryrun_row *row)
{
	struct ck_str names[MAX_SLOT_NAMES];
	size_t n_names = 0;

	for (size_t i = row->first_target; i != SIZE_MAX; i = rows->next_target[i])
		if (rows->ledger->targets[i].is_slot)
			buf_slot(out, ck_str_of(rows->ledger->targets[i].message->label), names, &n_names);
	for (size_t i = row->first_source; i != SIZE_MAX; i = rows->next_source[i])
		if (rows->ledger->sources[i].is_slot)
			buf_slot(out, ck_str_of(rows->ledger->sources[i].use->label), names, &n_names);
}

static void buf_slots(struct ck_buf *out, const struct ck_dryrun_rows *rows, const struct ck_dryrun_row *row)
{
	if (row->rule != SIZE_MAX)
		ck_buf_str(out, CK_STR("..."));
	else
		ck_buf_str(out, row->n_to ? CK_STR("the template's, which nothing fills:") : CK_STR("all:"));
	buf_slot_names(out, rows, row);
}

/* ---- both sides */

static bool is_same_name(const struct ck_ledger_target *target)
{
	return target->n_loads == 1 && target->loads[0].input == CK_INPUT_SOURCE &&
	       ck_str_equal(target->loads[0].label, ck_str_of(target->message->label));
}

/* A row by name: what keeps its name has one side. */
static bool buf_labels(struct ck_buf *from, struct ck_buf *to, const struct ck_dryrun_rows *rows, const struct ck_dryrun_row *row)
{
	const struct ck_ledger *ledger = rows->ledger;
	const struct ck_ledger_target *target = row->n_to ? &ledger->targets[row->first_target] : NULL;

	if (!target) {
		ck_buf_name(from, ck_str_of(ledger->sources[row->first_source].use->label));
		return true;
	}
	if (target->fate != CK_FATE_NEW && !is_same_name(target) && !buf_loads(from, ledger, target))
		return false;
	ck_buf_name(from->n ? to : from, ck_str_of(target->message->label));
	return true;
}

static bool buf_names(struct ck_buf *from, struct ck_buf *to, const struct ck_dryrun_rows *rows, const struct ck_dryrun_row *row)
{
	const struct ck_ledger *ledger = rows->ledger;
	const Ck__Plan__Rule *rule = row->rule == SIZE_MAX ? NULL : ledger->rules[row->rule].message;

	if (rows->detail == CK_BY_VARIABLE)
		return buf_labels(from, to, rows, row);
	if (!rule || (row->is_slot && rows->detail == CK_BY_SHAPE)) {
		buf_slots(from, rows, row);
		return true;
	}
	if (!buf_rule_sources(from, ledger, rule))
		return false;
	if ((rule->kind != CK_RULE_NEW || !from->n) && !buf_rule_goals(from->n ? to : from, ledger, rule))
		return false;
	if (row->has_slots) {
		ck_buf_str(to->n ? to : from, CK_STR(" and"));
		buf_slot_names(to->n ? to : from, rows, row);
	}
	return true;
}

/* Shapes stand on both sides where they differ. What is carried keeps its own, which a row of many does not tell. */
static void buf_types(struct ck_buf *from, struct ck_buf *to, const struct ck_dryrun_rows *rows, const struct ck_ledger_target *target)
{
	bool with_dtype = rows->detail == CK_BY_VARIABLE || changes_dtype(target);
	struct ck_buf source = { 0 }, own = { 0 };

	if (rows->detail == CK_BY_STATEMENT || (rows->detail == CK_BY_SHAPE && (target->is_carried || !target->message->rule)))
		return;
	buf_source_types(&source, target, with_dtype);
	ck_buf_mapping_type(&own, target->message->dtype, shape_of(target), with_dtype);
	if (source.n && !ck_str_equal(ck_buf_view(&source), ck_buf_view(&own))) {
		ck_buf_char(from, ' ');
		ck_buf_str(from, ck_buf_view(&source));
		if (!to->n)
			ck_buf_str(to, ck_str_starts(ck_buf_view(from), CK_STR("... @")) ? CK_STR("...") : CK_STR("same"));
	}
	ck_buf_char(to->n ? to : from, ' ');
	ck_buf_str(to->n ? to : from, ck_buf_view(&own));
	from->failed = from->failed || source.failed || own.failed;
	ck_buf_clear(&source);
	ck_buf_clear(&own);
}

bool ck_dryrun_mapping(const struct ck_dryrun_rows *rows, struct ck_dryrun_row *row)
{
	struct ck_arena *arena = rows->ledger->arena;
	struct ck_buf from = { 0 }, to = { 0 };
	bool good = buf_names(&from, &to, rows, row);

	if (good && row->n_to)
		buf_types(&from, &to, rows, &rows->ledger->targets[row->first_target]);
	row->from = ck_str_copy(arena, ck_buf_view(&from));
	row->to = ck_str_copy(arena, ck_buf_view(&to));
	good = good && !from.failed && !to.failed && row->from.p && row->to.p;
	ck_buf_clear(&from);
	ck_buf_clear(&to);
	return good;
}
