/* Relations: rows added, joined on their captures, grouped by them. */
#include "vm/bind_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool ck_relation_init(struct ck_binder *binder, const struct ck_unit *unit, struct ck_relation *relation)
{
	*relation = (struct ck_relation){ .has = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(bool)) };
	return relation->has ? true : ck_bind_nomem(binder);
}

struct ck_row *ck_relation_add(struct ck_binder *binder, struct ck_relation *relation)
{
	struct ck_row *row;

	if (!ck_arena_grow(binder->arena, (void **)&relation->rows, relation->n_rows, &relation->capacity, sizeof(*relation->rows))) {
		ck_bind_nomem(binder);
		return NULL;
	}
	row = &relation->rows[relation->n_rows++];
	*row = (struct ck_row){ 0 };
	return row;
}

struct ck_binding *ck_bindings_copy(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_binding *bindings)
{
	struct ck_binding *copy = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(*copy));

	if (!copy)
		ck_bind_nomem(binder);
	else if (unit->n_locals)
		memcpy(copy, bindings, unit->n_locals * sizeof(*copy));
	return copy;
}

/* ---- keys: some locals of a row */

struct key {
	const struct ck_unit *unit;
	size_t *locals, n_locals;
};

static uint64_t hash_binding(const Ck__Plan__Local *local, const struct ck_binding *binding)
{
	struct ck_str text = binding->text;

	if (local->kind == CK_LOCAL_CHOICE)
		return binding->alternative + 1;
	if (local->kind == CK_LOCAL_INDEX)
		return (uint64_t)binding->number + 1;
	/* Numbers as numbers: 07 is 7. */
	while (local->kind == CK_LOCAL_INT && text.n > 1 && text.p[0] == '0')
		text = ck_str_slice(text, 1, text.n);
	return ck_str_hash(text);
}

static uint64_t hash_row(const struct key *key, const struct ck_row *row)
{
	uint64_t hash = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < key->n_locals; i++)
		hash = (hash ^ hash_binding(key->unit->locals[key->locals[i]], &row->bindings[key->locals[i]])) * 0xff51afd7ed558ccd;
	return hash ^ hash >> 32;
}

static bool equal_rows(const struct key *key, const struct ck_row *a, const struct ck_row *b)
{
	for (size_t i = 0; i < key->n_locals; i++)
		if (!ck_binding_equal(key->unit->locals[key->locals[i]], &a->bindings[key->locals[i]], &b->bindings[key->locals[i]]))
			return false;
	return true;
}

/* Rows by their key, chained. */
struct table {
	size_t *heads, n_heads;		/* 1 + row; 0: none */
	size_t *next;
};

static bool table_init(struct ck_binder *binder, struct table *table, size_t n_rows)
{
	table->n_heads = 16;
	while (table->n_heads < n_rows * 2)
		table->n_heads *= 2;
	table->heads = ck_arena_array(binder->arena, table->n_heads, sizeof(size_t));
	table->next = ck_arena_array(binder->arena, n_rows + 1, sizeof(size_t));
	return table->heads && table->next ? true : ck_bind_nomem(binder);
}

static void table_put(struct table *table, uint64_t hash, size_t row)
{
	size_t *head = &table->heads[hash & (table->n_heads - 1)];

	table->next[row] = *head;
	*head = row + 1;
}

/* ---- joins */

static bool append(struct ck_binder *binder, const void *a, size_t n_a, const void *b, size_t n_b, void *ret_both)
{
	void **both = ck_arena_array(binder->arena, n_a + n_b + 1, sizeof(void *));

	if (!both)
		return ck_bind_nomem(binder);
	if (n_a)
		memcpy(both, a, n_a * sizeof(void *));
	if (n_b)
		memcpy(both + n_a, b, n_b * sizeof(void *));
	memcpy(ret_both, &both, sizeof(both));
	return true;
}

static void two_sizes(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t local, const struct ck_binding *a,
		      const struct ck_binding *b)
{
	struct ck_diag *diag;

	if (!ck_bind_once(unit, insn))
		return;
	diag = ck_error(binder->diags, CK_DIMENSION, ck_unit_span(binder, unit, insn), "the dimension `%.*s` is %" PRId64 " and %" PRId64,
			CK_STR_ARG(ck_str_of(unit->locals[local]->name)), a->number, b->number);
	ck_diag_help(binder->diags, diag, "a dimension has one size in a statement; give them two names, or write `_`");
}

/* The bindings of both; a dimension bound in both has one size. */
static struct ck_binding *merge(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_binding *a,
				const struct ck_binding *b)
{
	struct ck_binding *both = ck_bindings_copy(binder, unit, a);

	for (size_t i = 0; both && i < unit->n_locals; i++) {
		if (!b[i].set)
			continue;
		if (both[i].set && unit->locals[i]->kind == CK_LOCAL_DIM && both[i].number != b[i].number)
			two_sizes(binder, unit, insn, i, &both[i], &b[i]);
		if (!both[i].set)
			both[i] = b[i];
	}
	return both;
}

static bool join_rows(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_row *a, const struct ck_row *b,
		      struct ck_relation *relation)
{
	struct ck_row *row = ck_relation_add(binder, relation);

	if (!row || !append(binder, a->nodes, a->n_nodes, b->nodes, b->n_nodes, &row->nodes) ||
	    !append(binder, a->origins, a->n_origins, b->origins, b->n_origins, &row->origins))
		return false;
	row->n_nodes = a->n_nodes + b->n_nodes;
	row->n_origins = a->n_origins + b->n_origins;
	row->bindings = merge(binder, unit, insn, a->bindings, b->bindings);
	return row->bindings != NULL;
}

static bool shared_key(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_relation *a, const struct ck_relation *b,
		       struct key *ret_key)
{
	*ret_key = (struct key){ .unit = unit, .locals = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(size_t)) };
	for (size_t i = 0; ret_key->locals && i < unit->n_locals; i++)
		if (a->has[i] && b->has[i] && unit->locals[i]->kind != CK_LOCAL_DIM)
			ret_key->locals[ret_key->n_locals++] = i;
	return ret_key->locals ? true : ck_bind_nomem(binder);
}

static void no_partner(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_row *lonely, size_t n_more,
		       const struct ck_relation *others)
{
	const struct ck_origin *origin = lonely->n_origins ? lonely->origins[0] : NULL;
	struct ck_diag *diag;
	struct ck_buf text = { 0 };

	if (!origin || !ck_bind_once(unit, insn))
		return;
	ck_buf_str(&text, ck_bind_label_text(binder, origin->input, origin->variable));
	diag = ck_error(binder->diags, CK_NO_PARTNER, ck_unit_span(binder, unit, origin->insn), "\"%.*s\" finds no partner for its tuple",
			(int)text.n, text.p ? text.p : "");
	ck_diag_mark(binder->diags, diag, "matches it");
	if (others->n_rows && others->rows[0].n_origins)
		ck_diag_label(binder->diags, diag, ck_unit_span(binder, unit, others->rows[0].origins[0]->insn), "has none that captures the same");
	if (n_more)
		ck_diag_note(binder->diags, diag, "and %zu more without a partner", n_more);
	text.n = 0;
	for (size_t i = 0; i < unit->n_locals; i++)
		if (lonely->bindings[i].set && others->has[i] && unit->locals[i]->kind != CK_LOCAL_DIM) {
			ck_buf_printf(&text, "%s%.*s = ", text.n ? ", " : "", CK_STR_ARG(ck_str_of(unit->locals[i]->name)));
			ck_buf_name(&text, lonely->bindings[i].text);
		}
	if (text.n)
		ck_diag_note(binder->diags, diag, "a partner would have %.*s", (int)text.n, text.p);
	ck_diag_help(binder->diags, diag, "a tuple is joined on its captures: narrow the pattern with `where`, or correct a name");
	ck_buf_clear(&text);
}

static void report_lonely(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_relation *relation, const bool *found,
			  const struct ck_relation *others)
{
	size_t first = SIZE_MAX, n = 0;

	for (size_t i = 0; i < relation->n_rows; i++) {
		if (found[i])
			continue;
		first = first == SIZE_MAX ? i : first;
		n++;
	}
	if (n)
		no_partner(binder, unit, insn, &relation->rows[first], n - 1, others);
}

static bool join_two(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_relation *a, const struct ck_relation *b,
		     struct ck_relation *ret_relation)
{
	bool *found_a = ck_arena_array(binder->arena, a->n_rows + 1, sizeof(bool));
	bool *found_b = ck_arena_array(binder->arena, b->n_rows + 1, sizeof(bool));
	struct table table;
	struct key key;

	if (!found_a || !found_b || !ck_relation_init(binder, unit, ret_relation) || !shared_key(binder, unit, a, b, &key) ||
	    !table_init(binder, &table, b->n_rows))
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < unit->n_locals; i++)
		ret_relation->has[i] = a->has[i] || b->has[i];
	for (size_t i = b->n_rows; i-- > 0;)
		table_put(&table, hash_row(&key, &b->rows[i]), i);
	for (size_t i = 0; i < a->n_rows; i++) {
		size_t at = table.heads[hash_row(&key, &a->rows[i]) & (table.n_heads - 1)];

		for (; at; at = table.next[at - 1]) {
			if (!equal_rows(&key, &a->rows[i], &b->rows[at - 1]))
				continue;
			found_a[i] = found_b[at - 1] = true;
			if (!join_rows(binder, unit, insn, &a->rows[i], &b->rows[at - 1], ret_relation))
				return false;
		}
	}
	report_lonely(binder, unit, insn, a, found_a, b);
	report_lonely(binder, unit, insn, b, found_b, a);
	return true;
}

/* `where` after a tuple: rows that it leaves out are unmatched, unless another row has the same source. */
static bool filter(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *relation)
{
	size_t n = 0;
	bool *holds = ck_arena_array(binder->arena, relation->n_rows + 1, sizeof(bool));

	if (!holds)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < relation->n_rows; i++) {
		if (!ck_bind_where(binder, unit, insn, &relation->rows[i], &holds[i]) && binder->nomem)
			return false;
		for (size_t j = 0; !holds[i] && j < relation->rows[i].n_origins; j++)
			relation->rows[i].origins[j]->out = true;
	}
	for (size_t i = 0; i < relation->n_rows; i++) {
		for (size_t j = 0; holds[i] && j < relation->rows[i].n_origins; j++)
			relation->rows[i].origins[j]->out = false;
		if (holds[i])
			relation->rows[n++] = relation->rows[i];
	}
	if (relation->n_rows && !n && !unit->is_check) {
		if (unit->rule->optional)
			ck_bind_notice(binder, "optional: a condition leaves nothing");
		else if (ck_bind_once(unit, insn))
			ck_error(binder->diags, CK_EMPTY_WHERE, ck_unit_span(binder, unit, insn), "the `where` of this tuple leaves nothing of %zu match%s",
				 relation->n_rows, relation->n_rows == 1 ? "" : "es");
	}
	relation->n_rows = n;
	return true;
}

/* FILLs whose dimensions another member binds. */
static bool resolve_fills(struct ck_binder *binder, struct ck_unit *unit, struct ck_relation *relation)
{
	for (size_t i = 0; i < relation->n_rows; i++)
		for (size_t j = 0; j < relation->rows[i].n_nodes; j++) {
			struct ck_node *node = relation->rows[i].nodes[j];
			struct ck_type type;
			bool waits;

			if (!node->waits)
				continue;
			if (!ck_bind_fill_type(binder, unit, node->insn, node->waits, relation->rows[i].bindings, &type, &waits)) {
				relation->n_rows = 0;
				return !binder->nomem;
			}
			if (waits)
				continue;
			relation->rows[i].nodes[j] = ck_node_fill(binder, &node->args[0], type, node->insn);
			if (!relation->rows[i].nodes[j])
				return ck_bind_nomem(binder);
		}
	return true;
}

bool ck_relation_join(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_relation)
{
	const Ck__Plan__Insn *join = unit->code[insn];
	size_t n_empty = 0, empty = 0;

	for (size_t i = 0; i < join->n_src; i++)
		if (!unit->registers[join->src[i]].n_rows) {
			n_empty++;
			empty = join->src[i];
		}
	if (n_empty) {
		/* Told already, unless the statement is optional and only some members match. */
		if (n_empty < join->n_src && !unit->is_check && unit->rule->optional && !unit->failed && ck_bind_once(unit, insn)) {
			size_t at = 0;

			while (at < unit->n_code && unit->code[at]->dst != empty)
				at++;
			ck_error(binder->diags, CK_NO_MATCH, ck_unit_span(binder, unit, at), "this member of an optional tuple matches nothing, and others do");
		}
		unit->failed = unit->failed || unit->is_check || !unit->rule->optional;
		return ck_relation_init(binder, unit, ret_relation);
	}
	*ret_relation = unit->registers[join->src[0]];
	for (size_t i = 1; i < join->n_src; i++) {
		struct ck_relation joined;

		if (!join_two(binder, unit, insn, ret_relation, &unit->registers[join->src[i]], &joined))
			return false;
		*ret_relation = joined;
	}
	if (!resolve_fills(binder, unit, ret_relation))
		return false;
	return join->where ? filter(binder, unit, insn, ret_relation) : true;
}

/* ---- groups */

/* Rows with one key, in the order of `over`. */
struct group {
	size_t *rows, n_rows, capacity;
};

struct grouping {
	struct ck_binder *binder;
	struct ck_unit *unit;
	size_t insn;
	uint32_t over;
	const Ck__Plan__Local *local;
	const struct ck_relation *relation;
	struct group *groups;
	size_t n_groups, capacity;
	bool allow_gaps, allow_ragged;
	const struct ck_value *count;
};

static int compare_members(const void *a, const void *b, void *context)
{
	const struct grouping *grouping = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = ck_binding_compare(grouping->local, &grouping->relation->rows[x].bindings[grouping->over],
				       &grouping->relation->rows[y].bindings[grouping->over]);

	return order ? order : x < y ? -1 : x > y;
}

static bool make_groups(struct grouping *grouping)
{
	struct ck_binder *binder = grouping->binder;
	const struct ck_relation *relation = grouping->relation;
	struct key key = { .unit = grouping->unit,
			   .locals = ck_arena_array(binder->arena, grouping->unit->n_locals + 1, sizeof(size_t)) };
	struct table table;

	if (!key.locals || !table_init(binder, &table, relation->n_rows))
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < grouping->unit->n_locals; i++)
		if (relation->has[i] && i != grouping->over && grouping->unit->locals[i]->kind != CK_LOCAL_DIM)
			key.locals[key.n_locals++] = i;
	for (size_t i = 0; i < relation->n_rows; i++) {
		uint64_t hash = hash_row(&key, &relation->rows[i]);
		size_t at = table.heads[hash & (table.n_heads - 1)];
		struct group *group;

		/* The table holds groups; each by its first row. */
		while (at && !equal_rows(&key, &relation->rows[i], &relation->rows[grouping->groups[at - 1].rows[0]]))
			at = table.next[at - 1];
		if (!at) {
			if (!ck_arena_grow(binder->arena, (void **)&grouping->groups, grouping->n_groups, &grouping->capacity, sizeof(*grouping->groups)))
				return ck_bind_nomem(binder);
			grouping->groups[grouping->n_groups] = (struct group){ 0 };
			table_put(&table, hash, grouping->n_groups);
			at = ++grouping->n_groups;
		}
		group = &grouping->groups[at - 1];
		if (!ck_arena_grow(binder->arena, (void **)&group->rows, group->n_rows, &group->capacity, sizeof(size_t)))
			return ck_bind_nomem(binder);
		group->rows[group->n_rows++] = i;
	}
	for (size_t i = 0; i < grouping->n_groups; i++)
		qsort_r(grouping->groups[i].rows, grouping->groups[i].n_rows, sizeof(size_t), compare_members, grouping);
	return true;
}

static const struct ck_binding *member(const struct grouping *grouping, const struct group *group, size_t i)
{
	return &grouping->relation->rows[group->rows[i]].bindings[grouping->over];
}

/* The name of a row's first source, for messages. */
static struct ck_str source_text(const struct grouping *grouping, size_t row)
{
	const struct ck_row *from = &grouping->relation->rows[row];

	if (!from->n_origins || !grouping->binder->inputs[from->origins[0]->input].manifest)
		return CK_STR("?");
	return ck_bind_label_text(grouping->binder, from->origins[0]->input, from->origins[0]->variable);
}

CK_PRINTF(3, 4) static struct ck_diag *gap_error(struct grouping *grouping, const struct group *group, const char *format, ...)
{
	struct ck_binder *binder = grouping->binder;
	struct ck_diag *diag;
	struct ck_str text;
	va_list args;

	if (!ck_bind_once(grouping->unit, grouping->insn))
		return NULL;
	va_start(args, format);
	text = ck_str_vformat(binder->diags->arena, format, args);
	va_end(args);
	diag = ck_error(binder->diags, CK_GAP, ck_unit_span(binder, grouping->unit, grouping->insn), "%.*s", CK_STR_ARG(text));
	ck_diag_note(binder->diags, diag, "the group has %zu member%s, from \"%.*s\" to \"%.*s\"", group->n_rows, group->n_rows == 1 ? "" : "s",
		     CK_STR_ARG(source_text(grouping, group->rows[0])), CK_STR_ARG(source_text(grouping, group->rows[group->n_rows - 1])));
	return diag;
}

static void check_twice(struct grouping *grouping, const struct group *group)
{
	struct ck_diag *diag;

	for (size_t i = 1; i < group->n_rows; i++) {
		if (ck_binding_compare(grouping->local, member(grouping, group, i - 1), member(grouping, group, i)) != 0)
			continue;
		diag = gap_error(grouping, group, "`%.*s` is %.*s twice in one group", CK_STR_ARG(ck_str_of(grouping->local->name)),
				 CK_STR_ARG(ck_name_text(grouping->binder->diags->arena, member(grouping, group, i)->text)));
		if (!diag)
			return;
		ck_diag_note(grouping->binder->diags, diag, "\"%.*s\"", CK_STR_ARG(source_text(grouping, group->rows[i - 1])));
		ck_diag_note(grouping->binder->diags, diag, "\"%.*s\"", CK_STR_ARG(source_text(grouping, group->rows[i])));
		ck_diag_help(grouping->binder->diags, diag, "capture what tells them apart, and use it in the target");
		return;
	}
}

static void check_gaps(struct grouping *grouping, const struct group *group)
{
	const char *name = (const char *)grouping->local->name.data;
	int n_name = (int)grouping->local->name.len;
	struct ck_diag *diag = NULL;

	if (grouping->local->kind == CK_LOCAL_CHOICE && group->n_rows < grouping->local->n_alternatives) {
		size_t missing = 0;

		while (missing < group->n_rows && member(grouping, group, missing)->alternative == missing)
			missing++;
		diag = gap_error(grouping, group, "alternative %zu of `%.*s` is missing in a group of over=", missing + 1, n_name, name);
	}
	for (size_t i = 1; i < group->n_rows && !diag && (grouping->local->kind == CK_LOCAL_INT || grouping->local->kind == CK_LOCAL_UNIQ); i++) {
		const struct ck_binding *a = member(grouping, group, i - 1), *b = member(grouping, group, i);

		if (a->has_number && b->has_number && b->number - a->number <= 1)
			continue;
		if (a->has_number && b->has_number && b->number - a->number == 2)
			diag = gap_error(grouping, group, "`%.*s` = %" PRId64 " is missing in a group of over=", n_name, name, a->number + 1);
		else
			diag = gap_error(grouping, group, "`%.*s` jumps from %.*s to %.*s in a group of over=", n_name, name, CK_STR_ARG(a->text),
					 CK_STR_ARG(b->text));
		break;
	}
	if (diag)
		ck_diag_help(grouping->binder->diags, diag, "if that is meant, write gaps=allow");
}

/* The same set in every group. */
static void check_ragged(struct grouping *grouping, const struct group *group)
{
	const struct group *first = &grouping->groups[0];
	bool same = first->n_rows == group->n_rows;
	struct ck_diag *diag;

	for (size_t i = 0; same && i < group->n_rows; i++)
		same = ck_binding_compare(grouping->local, member(grouping, first, i), member(grouping, group, i)) == 0;
	if (same)
		return;
	diag = gap_error(grouping, group, "groups of over=%.*s differ: %zu member%s and %zu", CK_STR_ARG(ck_str_of(grouping->local->name)), first->n_rows,
			 first->n_rows == 1 ? "" : "s", group->n_rows);
	if (!diag)
		return;
	ck_diag_note(grouping->binder->diags, diag, "another group is from \"%.*s\" to \"%.*s\"", CK_STR_ARG(source_text(grouping, first->rows[0])),
		     CK_STR_ARG(source_text(grouping, first->rows[first->n_rows - 1])));
	ck_diag_help(grouping->binder->diags, diag, "if that is meant, write ragged=allow");
}

static void check_group(struct grouping *grouping, const struct group *group)
{
	check_twice(grouping, group);
	if (!grouping->allow_gaps)
		check_gaps(grouping, group);
	if (!grouping->allow_ragged)
		check_ragged(grouping, group);
	if (grouping->count && grouping->count->kind == CK_EXPR_INT && (uint64_t)grouping->count->integer != group->n_rows)
		gap_error(grouping, group, "a group of over= has %zu member%s, count=%" PRId64 " is asserted", group->n_rows,
			  group->n_rows == 1 ? "" : "s", grouping->count->integer);
}

static bool join_group(struct grouping *grouping, const struct group *group, struct ck_relation *relation)
{
	struct ck_row *row = ck_relation_add(grouping->binder, relation);
	bool dims = false;

	if (!row)
		return false;
	for (size_t i = 0; i < grouping->unit->n_locals; i++)
		dims = dims || grouping->unit->locals[i]->kind == CK_LOCAL_DIM;
	*row = grouping->relation->rows[group->rows[0]];
	row->bindings = ck_bindings_copy(grouping->binder, grouping->unit, row->bindings);
	/* Members agree on every capture; only dimensions can still differ. */
	for (size_t i = 1; dims && row->bindings && i < group->n_rows; i++) {
		const struct ck_row *next = &grouping->relation->rows[group->rows[i]];

		row->bindings = merge(grouping->binder, grouping->unit, grouping->insn, row->bindings, next->bindings);
	}
	if (!row->bindings)
		return false;
	row->bindings[grouping->over] = (struct ck_binding){ 0 };
	row->n_nodes = row->n_origins = 0;
	for (size_t i = 0; i < group->n_rows; i++) {
		row->n_nodes += grouping->relation->rows[group->rows[i]].n_nodes;
		row->n_origins += grouping->relation->rows[group->rows[i]].n_origins;
	}
	row->nodes = ck_arena_array(grouping->binder->arena, row->n_nodes + 1, sizeof(*row->nodes));
	row->origins = ck_arena_array(grouping->binder->arena, row->n_origins + 1, sizeof(*row->origins));
	if (!row->nodes || !row->origins)
		return ck_bind_nomem(grouping->binder);
	for (size_t i = 0, node = 0, origin = 0; i < group->n_rows; i++) {
		const struct ck_row *next = &grouping->relation->rows[group->rows[i]];

		for (size_t j = 0; j < next->n_nodes; j++)
			row->nodes[node++] = next->nodes[j];
		for (size_t j = 0; j < next->n_origins; j++)
			row->origins[origin++] = next->origins[j];
	}
	return true;
}

static bool allows(const struct ck_op_info *op, const struct ck_value *args, const char *name)
{
	size_t i = ck_param_index(op->params, op->n_params, name);

	return i < op->n_params && ck_str_equal(args[i].text, CK_STR("allow"));
}

bool ck_relation_group(struct ck_binder *binder, struct ck_unit *unit, size_t insn, uint32_t over, const struct ck_value *args,
		       const struct ck_relation *relation, struct ck_relation *ret_relation)
{
	const struct ck_op_info *op = ck_op_info(unit->code[insn]->op);
	size_t count = ck_param_index(op->params, op->n_params, "count");
	struct grouping grouping = { .binder = binder, .unit = unit, .insn = insn, .over = over, .local = unit->locals[over],
				     .relation = relation, .allow_gaps = allows(op, args, "gaps"), .allow_ragged = allows(op, args, "ragged"),
				     .count = count < op->n_params ? &args[count] : NULL };

	if (!ck_relation_init(binder, unit, ret_relation) || !make_groups(&grouping))
		return false;
	for (size_t i = 0; i < unit->n_locals; i++)
		ret_relation->has[i] = relation->has[i] && i != over;
	for (size_t i = 0; i < grouping.n_groups; i++) {
		check_group(&grouping, &grouping.groups[i]);
		if (!join_group(&grouping, &grouping.groups[i], ret_relation))
			return false;
	}
	return true;
}
