/* Tuples: rows of their members joined on what they captured. */
#include "vm/relation.h"

#include <stdlib.h>
#include <string.h>

/* A join while it is made. A combination has a row of each member that was joined so far. */
struct join {
	struct ck_binder *binder;
	struct ck_unit *unit;
	size_t insn;
	const struct ck_relation **members;	/* [n_members] */
	size_t n_members;
	size_t *order;				/* [n_members] in which they are joined */
	size_t *owner;				/* [n_locals] the first member that captures it, SIZE_MAX: none so far */
	size_t *rows;				/* [n][n_members] combinations */
	size_t n, capacity;
	struct ck_binding *scratch;		/* [n_locals] */
};

static bool shares(const struct join *join, const struct ck_relation *member, size_t local)
{
	return join->owner[local] != SIZE_MAX && member->has[local] && join->unit->locals[local]->kind != CK_LOCAL_DIM;
}

/* The member to be joined next: one that shares a capture with those before, so that no more combinations are made than needed. */
static size_t next_member(const struct join *join, const bool *taken)
{
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < join->n_members; i++) {
		if (taken[i])
			continue;
		first = first == SIZE_MAX ? i : first;
		for (size_t j = 0; j < join->unit->n_locals; j++)
			if (shares(join, join->members[i], j))
				return i;
	}
	return first;
}

static bool shared_key(struct join *join, const struct ck_relation *member, struct ck_key *ret_key)
{
	*ret_key = (struct ck_key){ .unit = join->unit, .locals = ck_arena_array(join->binder->scratch, join->unit->n_locals + 1, sizeof(size_t)) };
	for (size_t i = 0; ret_key->locals && i < join->unit->n_locals; i++)
		if (shares(join, member, i))
			ret_key->locals[ret_key->n_locals++] = i;
	return ret_key->locals ? true : ck_bind_nomem(join->binder);
}

/* What a combination captures of a key, in scratch. */
static struct ck_row row_of(const struct join *join, const struct ck_key *key, const size_t *rows)
{
	for (size_t i = 0; i < key->n_locals; i++) {
		size_t local = key->locals[i], owner = join->owner[local];

		join->scratch[local] = join->members[owner]->rows[rows[owner]].bindings[local];
	}
	return (struct ck_row){ .bindings = join->scratch };
}

static bool add(struct join *join, const size_t *rows, size_t member, size_t row)
{
	size_t *here;

	if (!ck_arena_grow(join->binder->scratch, (void **)&join->rows, join->n, &join->capacity, join->n_members * sizeof(size_t)))
		return ck_bind_nomem(join->binder);
	here = join->rows + join->n++ * join->n_members;
	if (rows)
		memcpy(here, rows, join->n_members * sizeof(size_t));
	here[member] = row;
	return true;
}

static void own(struct join *join, size_t member)
{
	for (size_t i = 0; i < join->unit->n_locals; i++)
		if (join->owner[i] == SIZE_MAX && join->members[member]->has[i])
			join->owner[i] = member;
}

/* Joins one more member. */
static bool extend(struct join *join, size_t member)
{
	const struct ck_relation *relation = join->members[member];
	const size_t *before = join->rows;
	size_t n_before = join->n;
	struct ck_row_table table;
	struct ck_key key;

	if (!shared_key(join, relation, &key) || !ck_row_table_init(join->binder, &table, relation->n_rows))
		return false;
	for (size_t i = relation->n_rows; i-- > 0;)
		ck_row_table_put(&table, ck_key_hash(&key, &relation->rows[i]), i);
	join->rows = NULL;
	join->n = join->capacity = 0;
	for (size_t i = 0; i < n_before; i++) {
		struct ck_row row = row_of(join, &key, before + i * join->n_members);
		size_t at = table.heads[ck_key_hash(&key, &row) & (table.n_heads - 1)];

		for (; at; at = table.next[at - 1])
			if (ck_key_equal(&key, &row, &relation->rows[at - 1]) && !add(join, before + i * join->n_members, member, at - 1))
				return false;
	}
	own(join, member);
	return true;
}

static bool join_open(struct join *join, struct ck_binder *binder, struct ck_unit *unit, size_t insn)
{
	const Ck__Plan__Insn *code = unit->code[insn];
	struct ck_arena *arena = binder->scratch;

	*join = (struct join){ .binder = binder, .unit = unit, .insn = insn, .n_members = code->n_src,
			       .members = ck_arena_array(arena, code->n_src + 1, sizeof(*join->members)),
			       .order = ck_arena_array(arena, code->n_src + 1, sizeof(size_t)),
			       .owner = ck_arena_array(arena, unit->n_locals + 1, sizeof(size_t)),
			       .scratch = ck_arena_array(arena, unit->n_locals + 1, sizeof(*join->scratch)) };
	if (!join->members || !join->order || !join->owner || !join->scratch)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < code->n_src; i++)
		join->members[i] = &unit->registers[code->src[i]];
	for (size_t i = 0; i < unit->n_locals; i++)
		join->owner[i] = SIZE_MAX;
	return true;
}

static bool join_all(struct join *join)
{
	bool *taken = ck_arena_array(join->binder->scratch, join->n_members + 1, sizeof(*taken));

	if (!taken)
		return ck_bind_nomem(join->binder);
	for (size_t i = 0; i < join->members[0]->n_rows; i++)
		if (!add(join, NULL, 0, i))
			return false;
	own(join, 0);
	taken[0] = true;
	for (size_t i = 1; i < join->n_members; i++) {
		join->order[i] = next_member(join, taken);
		taken[join->order[i]] = true;
		if (!extend(join, join->order[i]))
			return false;
	}
	return true;
}

/* ---- sources without a partner */

/* A member that has nothing for a row of another one; SIZE_MAX when it takes several of them to have nothing. */
static size_t find_culprit(struct join *join, size_t member, const struct ck_row *lonely)
{
	for (size_t i = 0; i < join->n_members; i++) {
		const struct ck_relation *other = join->members[i];
		struct ck_key key;
		size_t j = 0;

		if (i == member)
			continue;
		for (size_t k = 0; k < join->unit->n_locals; k++)
			join->owner[k] = join->members[member]->has[k] ? member : SIZE_MAX;
		if (!shared_key(join, other, &key))
			return SIZE_MAX;
		while (j < other->n_rows && !ck_key_equal(&key, lonely, &other->rows[j]))
			j++;
		if (j == other->n_rows)
			return i;
	}
	return SIZE_MAX;
}

static struct ck_str partner_text(const struct join *join, const struct ck_row *lonely, const struct ck_relation *culprit)
{
	const struct ck_unit *unit = join->unit;
	struct ck_buf text = { 0 };
	struct ck_str copy;

	for (size_t i = 0; i < unit->n_locals; i++)
		if (lonely->bindings[i].set && (!culprit || culprit->has[i]) && unit->locals[i]->kind != CK_LOCAL_DIM) {
			ck_buf_printf(&text, "%s%.*s = \"", text.n ? ", " : "", CK_STR_ARG(ck_str_of(unit->locals[i]->name)));
			ck_buf_name(&text, lonely->bindings[i].text);
			ck_buf_char(&text, '"');
		}
	copy = ck_str_copy(join->binder->diags->arena, ck_buf_view(&text));
	ck_buf_clear(&text);
	return copy;
}

static void no_partner(struct join *join, size_t member, const struct ck_row *lonely, size_t n_more)
{
	size_t at = find_culprit(join, member, lonely);
	const struct ck_relation *culprit = at == SIZE_MAX ? NULL : join->members[at];
	struct ck_diags *diags = join->binder->diags;
	struct ck_str partner = partner_text(join, lonely, culprit);
	const struct ck_origin *origin = lonely->origins[0];
	struct ck_diag *diag;

	diag = ck_error(diags, CK_NO_PARTNER, ck_unit_span(join->binder, join->unit, origin->insn), "\"%.*s\" finds no partner for its tuple",
			CK_STR_ARG(ck_bind_label_text(join->binder, origin->input, origin->variable)));
	ck_diag_mark(diags, diag, "matches it");
	if (culprit && culprit->n_rows && culprit->rows[0].n_origins)
		ck_diag_label(diags, diag, ck_unit_span(join->binder, join->unit, culprit->rows[0].origins[0]->insn), "has none that captures the same");
	if (n_more)
		ck_diag_note(diags, diag, "and %zu more without a partner", n_more);
	if (partner.n)
		ck_diag_note(diags, diag, culprit ? "a partner would have %.*s" : "the others have none that fit each other and %.*s", CK_STR_ARG(partner));
	ck_diag_help(diags, diag, "a tuple is joined on its captures: narrow the pattern with `where`, or correct a name");
}

/* Every source must be in some combination. */
static bool check_lonely(struct join *join)
{
	for (size_t i = 0; i < join->n_members; i++) {
		const struct ck_relation *member = join->members[i];
		bool *found = ck_arena_array(join->binder->scratch, member->n_rows + 1, sizeof(*found));
		size_t first = SIZE_MAX, n = 0;

		if (!found)
			return ck_bind_nomem(join->binder);
		for (size_t j = 0; j < join->n; j++)
			found[join->rows[j * join->n_members + i]] = true;
		for (size_t j = 0; j < member->n_rows; j++) {
			first = !found[j] && first == SIZE_MAX ? j : first;
			n += !found[j];
		}
		/* After another message about the statement it would be a consequence. */
		if (n && member->rows[first].n_origins && !join->unit->failed && ck_bind_once(join->unit, join->insn))
			no_partner(join, i, &member->rows[first], n - 1);
	}
	return true;
}

/* ---- the result */

static int compare_combinations(const void *a, const void *b, void *context)
{
	const struct join *join = context;
	const size_t *x = a, *y = b;
	size_t i = 0;

	while (i + 1 < join->n_members && x[i] == y[i])
		i++;
	return (x[i] > y[i]) - (x[i] < y[i]);
}

static bool add_row(struct join *join, const size_t *rows, struct ck_relation *relation)
{
	struct ck_binder *binder = join->binder;
	struct ck_row *row = ck_relation_add(binder, relation);

	if (!row)
		return false;
	for (size_t i = 0; i < join->n_members; i++) {
		row->n_nodes += join->members[i]->rows[rows[i]].n_nodes;
		row->n_origins += join->members[i]->rows[rows[i]].n_origins;
	}
	row->nodes = ck_arena_array(binder->scratch, row->n_nodes + 1, sizeof(*row->nodes));
	row->origins = ck_arena_array(binder->scratch, row->n_origins + 1, sizeof(*row->origins));
	if (!row->nodes || !row->origins)
		return ck_bind_nomem(binder);
	for (size_t i = 0, node = 0, origin = 0; i < join->n_members; i++) {
		const struct ck_row *member = &join->members[i]->rows[rows[i]];

		memcpy(row->nodes + node, member->nodes, member->n_nodes * sizeof(*row->nodes));
		if (member->n_origins)
			memcpy(row->origins + origin, member->origins, member->n_origins * sizeof(*row->origins));
		node += member->n_nodes;
		origin += member->n_origins;
		row->bindings = i ? ck_bindings_merge(binder, join->unit, join->insn, row->bindings, member->bindings) : member->bindings;
		if (!row->bindings)
			return ck_bind_nomem(binder);
	}
	return true;
}

static bool join_rows(struct join *join, struct ck_relation *ret_relation)
{
	if (!ck_relation_init(join->binder, join->unit, ret_relation))
		return false;
	for (size_t i = 0; i < join->n_members; i++)
		for (size_t j = 0; j < join->unit->n_locals; j++)
			ret_relation->has[j] = ret_relation->has[j] || join->members[i]->has[j];
	/* In the order of the tuple's members, whatever order was best for joining. */
	if (join->n)
		qsort_r(join->rows, join->n, join->n_members * sizeof(size_t), compare_combinations, join);
	for (size_t i = 0; i < join->n; i++)
		if (!add_row(join, join->rows + i * join->n_members, ret_relation))
			return false;
	return true;
}

/* `where` after a tuple: rows that it leaves out are unmatched, unless another row has the same source. */
static bool filter(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *relation)
{
	size_t n = 0;
	bool *holds = ck_arena_array(binder->scratch, relation->n_rows + 1, sizeof(bool));

	if (!holds)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < relation->n_rows; i++) {
		/* What cannot be asked has had its message, and counts as read. */
		if (!ck_bind_where(binder, unit, insn, &relation->rows[i], &holds[i]))
			holds[i] = true;
		if (binder->nomem)
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
			ck_diag_help(binder->diags,
				     ck_error(binder->diags, CK_EMPTY_WHERE, ck_unit_span(binder, unit, insn),
					      "the `where` of this tuple leaves nothing of %zu match%s", relation->n_rows, relation->n_rows == 1 ? "" : "es"),
				     "correct the condition; where it is right that nothing is left, write `optional`");
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

/* A member matches nothing: told already, unless the statement is optional and only some members match. */
static bool join_empty(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t n_empty, uint32_t empty, struct ck_relation *ret_relation)
{
	bool optional = !unit->is_check && unit->rule->optional;
	struct ck_diag *diag;
	size_t at = 0;

	if (optional && n_empty < unit->code[insn]->n_src && !unit->failed && ck_bind_once(unit, insn)) {
		while (at < unit->n_code && unit->code[at]->dst != empty)
			at++;
		diag = ck_error(binder->diags, CK_NO_MATCH, ck_unit_span(binder, unit, at), "this member of an optional tuple matches nothing, and others do");
		ck_diag_label(binder->diags, diag, ck_unit_span(binder, unit, insn), "all members match, or none does");
		ck_diag_help(binder->diags, diag, "correct the name, or take the member out of the tuple");
	}
	unit->failed = unit->failed || !optional;
	return ck_relation_init(binder, unit, ret_relation);
}

bool ck_relation_join(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_relation)
{
	const Ck__Plan__Insn *code = unit->code[insn];
	struct join join;
	size_t n_empty = 0;
	uint32_t empty = 0;

	for (size_t i = 0; i < code->n_src; i++)
		if (!unit->registers[code->src[i]].n_rows) {
			n_empty++;
			empty = code->src[i];
		}
	if (n_empty)
		return join_empty(binder, unit, insn, n_empty, empty, ret_relation);
	if (!join_open(&join, binder, unit, insn) || !join_all(&join) || !join_rows(&join, ret_relation) || !check_lonely(&join) ||
	    !resolve_fills(binder, unit, ret_relation))
		return false;
	return code->where ? filter(binder, unit, insn, ret_relation) : true;
}
