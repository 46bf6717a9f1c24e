/* Relations: rows added, keys of rows, groups. Joins are in join.c. */
#include "vm/relation.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool ck_relation_init(struct ck_binder *binder, const struct ck_unit *unit, struct ck_relation *relation)
{
	*relation = (struct ck_relation){ .has = ck_arena_array(binder->scratch, unit->n_locals + 1, sizeof(bool)) };
	return relation->has ? true : ck_bind_nomem(binder);
}

struct ck_row *ck_relation_add(struct ck_binder *binder, struct ck_relation *relation)
{
	struct ck_row *row;

	if (!ck_arena_grow(binder->scratch, (void **)&relation->rows, relation->n_rows, &relation->capacity, sizeof(*relation->rows))) {
		ck_bind_nomem(binder);
		return NULL;
	}
	row = &relation->rows[relation->n_rows++];
	*row = (struct ck_row){ 0 };
	return row;
}

struct ck_binding *ck_bindings_copy(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_binding *bindings)
{
	struct ck_binding *copy = ck_arena_array(binder->scratch, unit->n_locals + 1, sizeof(*copy));

	if (!copy)
		ck_bind_nomem(binder);
	else if (unit->n_locals)
		memcpy(copy, bindings, unit->n_locals * sizeof(*copy));
	return copy;
}

/* ---- keys: some locals of a row */

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

uint64_t ck_key_hash(const struct ck_key *key, const struct ck_row *row)
{
	uint64_t hash = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < key->n_locals; i++)
		hash = (hash ^ hash_binding(key->unit->locals[key->locals[i]], &row->bindings[key->locals[i]])) * 0xff51afd7ed558ccd;
	return hash ^ hash >> 32;
}

bool ck_key_equal(const struct ck_key *key, const struct ck_row *a, const struct ck_row *b)
{
	for (size_t i = 0; i < key->n_locals; i++)
		if (!ck_binding_equal(key->unit->locals[key->locals[i]], &a->bindings[key->locals[i]], &b->bindings[key->locals[i]]))
			return false;
	return true;
}

bool ck_row_table_init(struct ck_binder *binder, struct ck_row_table *table, size_t n_rows)
{
	table->n_heads = 16;
	while (table->n_heads < n_rows * 2)
		table->n_heads *= 2;
	table->heads = ck_arena_array(binder->scratch, table->n_heads, sizeof(size_t));
	table->next = ck_arena_array(binder->scratch, n_rows + 1, sizeof(size_t));
	return table->heads && table->next ? true : ck_bind_nomem(binder);
}

void ck_row_table_put(struct ck_row_table *table, uint64_t hash, size_t row)
{
	size_t *head = &table->heads[hash & (table->n_heads - 1)];

	table->next[row] = *head;
	*head = row + 1;
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
struct ck_binding *ck_bindings_merge(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_binding *a,
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
	struct ck_key key = { .unit = grouping->unit,
			   .locals = ck_arena_array(binder->scratch, grouping->unit->n_locals + 1, sizeof(size_t)) };
	struct ck_row_table table;

	if (!key.locals || !ck_row_table_init(binder, &table, relation->n_rows))
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < grouping->unit->n_locals; i++)
		if (relation->has[i] && i != grouping->over && grouping->unit->locals[i]->kind != CK_LOCAL_DIM)
			key.locals[key.n_locals++] = i;
	for (size_t i = 0; i < relation->n_rows; i++) {
		uint64_t hash = ck_key_hash(&key, &relation->rows[i]);
		size_t at = table.heads[hash & (table.n_heads - 1)];
		struct group *group;

		/* The table holds groups; each by its first row. */
		CK_ASSERT(at <= grouping->n_groups);
		while (at && !ck_key_equal(&key, &relation->rows[i], &relation->rows[grouping->groups[at - 1].rows[0]]))
			at = table.next[at - 1];
		if (!at) {
			if (!ck_arena_grow(binder->scratch, (void **)&grouping->groups, grouping->n_groups, &grouping->capacity, sizeof(*grouping->groups)))
				return ck_bind_nomem(binder);
			grouping->groups[grouping->n_groups] = (struct group){ 0 };
			ck_row_table_put(&table, hash, grouping->n_groups);
			at = ++grouping->n_groups;
		}
		group = &grouping->groups[at - 1];
		if (!ck_arena_grow(binder->scratch, (void **)&group->rows, group->n_rows, &group->capacity, sizeof(size_t)))
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

	/* After another message about the statement it would be a consequence. */
	if (grouping->unit->failed || !ck_bind_once(grouping->unit, grouping->insn))
		return NULL;
	va_start(args, format);
	text = ck_str_vformat(binder->diags->arena, format, args);
	va_end(args);
	diag = ck_error(binder->diags, CK_GAP, ck_unit_span(binder, grouping->unit, grouping->insn), "%.*s", CK_STR_ARG(text));
	if (group->n_rows == 1)
		ck_diag_note(binder->diags, diag, "the group is \"%.*s\" alone", CK_STR_ARG(source_text(grouping, group->rows[0])));
	else
		ck_diag_note(binder->diags, diag, "the group has %zu members, from \"%.*s\" to \"%.*s\"", group->n_rows,
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

/* Digits of a number capture: of "_12" without the underscore, of what is nothing "0". */
static struct ck_str digits_of(const struct grouping *grouping, const struct ck_binding *binding)
{
	struct ck_str digits = binding->text;

	if (grouping->local->kind == CK_LOCAL_UNIQ)
		digits = digits.n ? ck_str_slice(digits, 1, digits.n) : CK_STR("0");
	while (digits.n > 1 && digits.p[0] == '0')
		digits = ck_str_slice(digits, 1, digits.n);
	return digits;
}

/* The number before or after one of any length, as digits in the binder's arena; p is NULL when memory is short. */
static struct ck_str neighbour(const struct grouping *grouping, const struct ck_binding *binding, bool after)
{
	struct ck_str copy = ck_str_format(grouping->binder->scratch, "0%.*s", CK_STR_ARG(digits_of(grouping, binding)));
	char *digits = (char *)(uintptr_t)copy.p, from = after ? '9' : '0', to = after ? '0' : '9';
	size_t at = copy.n;

	if (!copy.p)
		return copy;
	while (at > 1 && digits[at - 1] == from)
		digits[--at] = to;
	digits[at - 1] = (char)(digits[at - 1] + (after ? 1 : -1));
	while (copy.n > 1 && copy.p[0] == '0')
		copy = ck_str_slice(copy, 1, copy.n);
	return copy;
}

/* An alternative as text, if it is plain text. */
static struct ck_str alternative_text(const struct grouping *grouping, size_t alternative)
{
	const struct ck_unit *unit = grouping->unit;

	for (size_t i = 0; i < unit->n_code; i++) {
		const Ck__Plan__Pattern *pattern = unit->code[i]->source ? unit->code[i]->source->pattern : NULL;

		for (size_t j = 0; pattern && j < pattern->n_pieces; j++) {
			const Ck__Plan__Piece *piece = pattern->pieces[j];

			if (piece->local == grouping->over + 1 && alternative < piece->n_alternatives && piece->alternatives[alternative]->n_pieces == 1 &&
			    piece->alternatives[alternative]->pieces[0]->kind == CK_PIECE_LITERAL)
				return ck_name_text(grouping->binder->diags->arena, ck_str_of(piece->alternatives[alternative]->pieces[0]->text));
		}
	}
	return ck_str_format(grouping->binder->diags->arena, "alternative %zu", alternative + 1);
}

static void check_alternatives(struct grouping *grouping, const struct group *group)
{
	struct ck_diag *diag;
	size_t missing = 0;

	if (group->n_rows >= grouping->local->n_alternatives)
		return;
	while (missing < group->n_rows && member(grouping, group, missing)->alternative == missing)
		missing++;
	diag = gap_error(grouping, group, "`%.*s` = %.*s is missing in a group of over=", CK_STR_ARG(ck_str_of(grouping->local->name)),
			 CK_STR_ARG(alternative_text(grouping, missing)));
	if (diag)
		ck_diag_help(grouping->binder->diags, diag, "if that is meant, write gaps=allow");
}

static void check_gaps(struct grouping *grouping, const struct group *group)
{
	struct ck_str name = ck_str_of(grouping->local->name);

	for (size_t i = 1; i < group->n_rows; i++) {
		struct ck_str first = neighbour(grouping, member(grouping, group, i - 1), true);
		struct ck_str last = neighbour(grouping, member(grouping, group, i), false);
		struct ck_str here = digits_of(grouping, member(grouping, group, i)), before = digits_of(grouping, member(grouping, group, i - 1));
		struct ck_diag *diag;

		/* The same number twice has its own message. */
		if (!first.p || !last.p || ck_str_equal(first, here) || ck_str_equal(before, here))
			continue;
		if (ck_str_equal(first, last))
			diag = gap_error(grouping, group, "`%.*s` = %.*s is missing in a group of over=", CK_STR_ARG(name), CK_STR_ARG(first));
		else
			diag = gap_error(grouping, group, "`%.*s` = %.*s to %.*s are missing in a group of over=", CK_STR_ARG(name), CK_STR_ARG(first),
					 CK_STR_ARG(last));
		if (!diag)
			return;
		ck_diag_note(grouping->binder->diags, diag, "\"%.*s\" is followed by \"%.*s\"", CK_STR_ARG(source_text(grouping, group->rows[i - 1])),
			     CK_STR_ARG(source_text(grouping, group->rows[i])));
		ck_diag_help(grouping->binder->diags, diag, "if that is meant, write gaps=allow");
		return;
	}
}

/* The first member of one group that the other has not; SIZE_MAX: none. */
static size_t find_extra(const struct grouping *grouping, const struct group *a, const struct group *b)
{
	size_t j = 0;

	for (size_t i = 0; i < a->n_rows; i++) {
		while (j < b->n_rows && ck_binding_compare(grouping->local, member(grouping, b, j), member(grouping, a, i)) < 0)
			j++;
		if (j == b->n_rows || ck_binding_compare(grouping->local, member(grouping, b, j), member(grouping, a, i)) != 0)
			return a->rows[i];
	}
	return SIZE_MAX;
}

/* The same set in every group. */
static void check_ragged(struct grouping *grouping, const struct group *group)
{
	const struct group *first = &grouping->groups[0];
	size_t here = find_extra(grouping, group, first), there = find_extra(grouping, first, group);
	struct ck_diag *diag;

	if (here == SIZE_MAX && there == SIZE_MAX)
		return;
	diag = gap_error(grouping, group, "groups of over=%.*s differ: %zu member%s and %zu", CK_STR_ARG(ck_str_of(grouping->local->name)), first->n_rows,
			 first->n_rows == 1 ? "" : "s", group->n_rows);
	if (!diag)
		return;
	ck_diag_note(grouping->binder->diags, diag, "another group is from \"%.*s\" to \"%.*s\"", CK_STR_ARG(source_text(grouping, first->rows[0])),
		     CK_STR_ARG(source_text(grouping, first->rows[first->n_rows - 1])));
	ck_diag_note(grouping->binder->diags, diag, "\"%.*s\" is in one of them and has no like in the other",
		     CK_STR_ARG(source_text(grouping, here == SIZE_MAX ? there : here)));
	ck_diag_help(grouping->binder->diags, diag, "if that is meant, write ragged=allow");
}

static void wrong_count(struct grouping *grouping, const struct group *group)
{
	struct ck_diag *diag = gap_error(grouping, group, "a group of over= has %zu member%s, and count=%" PRId64 " is asserted", group->n_rows,
					 group->n_rows == 1 ? "" : "s", grouping->count->integer);

	if (diag)
		ck_diag_help(grouping->binder->diags, diag, "look for a name that the pattern does not match, or correct count=");
}

static void check_group(struct grouping *grouping, const struct group *group)
{
	uint32_t kind = grouping->local->kind;

	check_twice(grouping, group);
	if (!grouping->allow_gaps && kind == CK_LOCAL_CHOICE)
		check_alternatives(grouping, group);
	if (!grouping->allow_gaps && (kind == CK_LOCAL_INT || kind == CK_LOCAL_UNIQ))
		check_gaps(grouping, group);
	if (!grouping->allow_ragged)
		check_ragged(grouping, group);
	if (grouping->count && grouping->count->kind == CK_EXPR_INT && (uint64_t)grouping->count->integer != group->n_rows)
		wrong_count(grouping, group);
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

		row->bindings = ck_bindings_merge(grouping->binder, grouping->unit, grouping->insn, row->bindings, next->bindings);
	}
	if (!row->bindings)
		return false;
	row->bindings[grouping->over] = (struct ck_binding){ 0 };
	row->n_nodes = row->n_origins = 0;
	for (size_t i = 0; i < group->n_rows; i++) {
		row->n_nodes += grouping->relation->rows[group->rows[i]].n_nodes;
		row->n_origins += grouping->relation->rows[group->rows[i]].n_origins;
	}
	row->nodes = ck_arena_array(grouping->binder->scratch, row->n_nodes + 1, sizeof(*row->nodes));
	row->origins = ck_arena_array(grouping->binder->scratch, row->n_origins + 1, sizeof(*row->origins));
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
