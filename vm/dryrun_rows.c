/* The rows of the dry run's table: targets and dropped sources, gathered by statement and shape. */
#include "vm/report_internal.h"

#include <stdlib.h>
#include <string.h>

struct gathering {
	struct ck_dryrun_rows *rows;
	struct ck_map by_key;		/* what rows have in common -> number of the row */
	struct ck_buf key;
};

/* ---- gathering */

/* The row of the key in the buffer, which becomes a new one when there is none. NULL when memory is short. */
static struct ck_dryrun_row *row_of_key(struct gathering *gathering, size_t rule)
{
	struct ck_dryrun_rows *rows = gathering->rows;
	struct ck_arena *arena = rows->ledger->arena;
	struct ck_str key = ck_buf_view(&gathering->key);
	size_t at;

	if (gathering->key.failed)
		return NULL;
	if (ck_map_get(&gathering->by_key, key, &at))
		return &rows->items[at];
	key = ck_str_copy(arena, key);
	if (!key.p || !ck_map_put(&gathering->by_key, key, rows->n) ||
	    !ck_arena_grow(arena, (void **)&rows->items, rows->n, &rows->capacity, sizeof(*rows->items)))
		return NULL;
	rows->items[rows->n] = (struct ck_dryrun_row){ .rule = rule, .first_target = SIZE_MAX, .last_target = SIZE_MAX,
						       .first_source = SIZE_MAX, .last_source = SIZE_MAX };
	rows->items[rows->n].order = rule == SIZE_MAX ? SIZE_MAX : rows->ledger->rules[rule].order;
	return &rows->items[rows->n++];
}

static void append_number(size_t *first, size_t *last, size_t *next, size_t number)
{
	next[number] = SIZE_MAX;
	if (*first == SIZE_MAX)
		*first = number;
	else
		next[*last] = number;
	*last = number;
}

/*
 * A row never hides two shapes: what is made of other shapes, or becomes others, stands in rows of its own. What is only carried
 * keeps its shape, whatever that is, and so is every slot that starts as zeros like its variable.
 */
static void key_of_target(struct gathering *gathering, size_t number)
{
	const struct ck_ledger_target *target = &gathering->rows->ledger->targets[number];
	const Ck__Plan__Target *message = target->message;
	struct ck_buf *key = &gathering->key;

	key->n = 0;
	if (gathering->rows->detail == CK_BY_VARIABLE) {
		ck_buf_printf(key, "target %zu", number);
		return;
	}
	ck_buf_printf(key, "%u %d%d%d", message->rule, target->fate, message->unchanged, target->narrows);
	if (gathering->rows->detail == CK_BY_STATEMENT)
		return;
	ck_buf_printf(key, " %d%d", target->is_slot, target->is_carried);
	if (target->is_carried || !message->rule)
		return;
	for (size_t i = 0; i < target->n_loads; i++) {
		const struct ck_variable *variable = target->loads[i].variable, *before = i ? target->loads[i - 1].variable : NULL;

		if (!before || before->dtype != variable->dtype || !ck_shape_equal(before->shape, variable->shape))
			ck_buf_mapping_type(key, variable->dtype, variable->shape, true);
	}
	ck_buf_str(key, CK_STR("->"));
	ck_buf_mapping_type(key, message->dtype, (struct ck_shape){ message->n_dims, message->dims }, true);
}

static bool gather_targets(struct gathering *gathering)
{
	struct ck_dryrun_rows *rows = gathering->rows;

	for (size_t i = 0; i < rows->ledger->n_targets; i++) {
		const struct ck_ledger_target *target = &rows->ledger->targets[i];
		struct ck_dryrun_row *row;

		if (target->is_graph)
			continue;
		key_of_target(gathering, i);
		row = row_of_key(gathering, target->message->rule ? target->message->rule - 1 : SIZE_MAX);
		if (!row)
			return false;
		row->is_slot = target->is_slot && (!row->n_to || row->is_slot);
		row->has_slots = row->has_slots || target->is_slot;
		row->n_to++;
		append_number(&row->first_target, &row->last_target, rows->next_target, i);
	}
	return true;
}

/* Sources that are dropped; a slot's statement may be its variable's, or `slots drop`, which is no rule. */
static bool gather_dropped(struct gathering *gathering)
{
	struct ck_dryrun_rows *rows = gathering->rows;

	for (size_t i = 0; i < rows->ledger->n_sources; i++) {
		const struct ck_ledger_source *source = &rows->ledger->sources[i];
		size_t rule = source->use->n_rules ? source->use->rules[0] : SIZE_MAX;
		bool is_slot = source->is_slot && (rule == SIZE_MAX || !rows->ledger->rules[rule].is_about_slots);
		struct ck_dryrun_row *row;

		if (source->use->what != CK_USE_DROPPED)
			continue;
		gathering->key.n = 0;
		ck_buf_printf(&gathering->key, "drop %zu %d %zu", rule, is_slot && rows->detail != CK_BY_STATEMENT,
			      rows->detail == CK_BY_VARIABLE ? i : SIZE_MAX);
		row = row_of_key(gathering, rule);
		if (!row)
			return false;
		row->is_slot = is_slot && (!row->n_from || row->is_slot);
		row->has_slots = row->has_slots || is_slot;
		row->because = row->because.n && is_slot ? row->because : ck_str_of(source->use->because);
		row->n_from++;
		append_number(&row->first_source, &row->last_source, rows->next_source, i);
	}
	return true;
}

/* In the order of the statements; what follows a variable after it. */
static int compare_rows(const void *a, const void *b)
{
	const struct ck_dryrun_row *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (x->is_slot != y->is_slot)
		return x->is_slot ? 1 : -1;
	if (x->first_target != y->first_target)
		return x->first_target < y->first_target ? -1 : 1;
	return x->first_source < y->first_source ? -1 : x->first_source > y->first_source;
}

/* ---- what a row says */

static void count_row(const struct ck_dryrun_rows *rows, struct ck_dryrun_row *row, size_t number, size_t *seen)
{
	const struct ck_ledger *ledger = rows->ledger;
	bool is_new = true, unchanged = true, narrows = false;

	for (size_t i = row->first_source; i != SIZE_MAX; i = rows->next_source[i])
		row->n_bytes += ledger->sources[i].variable->place.n_bytes;
	for (size_t i = row->first_target; i != SIZE_MAX; i = rows->next_target[i]) {
		const struct ck_ledger_target *target = &ledger->targets[i];

		row->n_bytes += target->message->n_bytes;
		is_new = is_new && target->fate == CK_FATE_NEW;
		unchanged = unchanged && target->message->unchanged;
		narrows = narrows || target->narrows;
		for (size_t j = 0; j < target->n_loads; j++) {
			size_t source = target->loads[j].source;

			if (source == SIZE_MAX || seen[source] == number + 1)
				continue;
			seen[source] = number + 1;
			row->n_from++;
		}
	}
	row->mark = !row->n_to ? '-' : is_new ? '+' : narrows ? '!' : unchanged ? '=' : '~';
}

/* The fill that makes the targets of a `new`. */
static const char *fill_name(const Ck__Plan__Rule *rule)
{
	for (size_t i = 0; i < rule->n_code; i++)
		if (rule->code[i]->op == CK_OP_FILL && rule->code[i]->n_args && ck_fill_info(rule->code[i]->args[0]->index))
			return ck_fill_info(rule->code[i]->args[0]->index)->name;
	return "new";
}

/* Names of operators, the last of many left out. */
static bool buf_operators(const struct ck_ledger *ledger, const Ck__Plan__Rule *rule, struct ck_buf *out)
{
	enum { WIDEST = 28 };
	struct ck_operators list;

	if (!ck_operators_list(ledger, rule->code, rule->n_code, rule->n_registers, true, ledger->arena, &list))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		if (i && out->n + list.items[i].n > WIDEST) {
			ck_buf_str(out, CK_STR(" .."));
			break;
		}
		ck_buf_str(out, i ? CK_STR(" ") : CK_STR(""));
		ck_buf_str(out, list.items[i]);
	}
	return true;
}

static bool say_what(const struct ck_dryrun_rows *rows, struct ck_dryrun_row *row)
{
	const struct ck_ledger *ledger = rows->ledger;
	const Ck__Plan__Rule *rule = row->rule == SIZE_MAX ? NULL : ledger->rules[row->rule].message;
	struct ck_buf what = { 0 };
	bool good = true;

	if (!row->n_to)
		ck_buf_str(&what, CK_STR("drop"));
	else if (!rule)
		ck_buf_str(&what, CK_STR("zeros"));
	else if (rule->kind == CK_RULE_NEW)
		ck_buf_str(&what, ck_str(fill_name(rule)));
	else
		good = buf_operators(ledger, rule, &what);
	if (!what.n && row->n_to && ledger->targets[row->first_target].fate == CK_FATE_KEPT)
		ck_buf_str(&what, CK_STR("keep"));
	else if (!what.n && row->n_to && !ledger->targets[row->first_target].message->unchanged)
		ck_buf_str(&what, CK_STR("join parts"));
	else if (!what.n)
		ck_buf_str(&what, row->n_from < row->n_to ? CK_STR("copy") : CK_STR("rename"));
	if (row->is_slot && rows->detail != CK_BY_VARIABLE)
		ck_buf_str(&what, CK_STR(" slots"));
	row->what = what.failed ? (struct ck_str){ 0 } : ck_str_copy(ledger->arena, ck_buf_view(&what));
	ck_buf_clear(&what);
	return good && row->what.p;
}

static bool finish_rows(struct ck_dryrun_rows *rows)
{
	size_t *seen = ck_arena_array(rows->ledger->arena, rows->ledger->n_sources + 1, sizeof(*seen));

	if (!seen)
		return false;
	if (rows->n)
		qsort(rows->items, rows->n, sizeof(*rows->items), compare_rows);
	for (size_t i = 0; i < rows->n; i++) {
		struct ck_dryrun_row *row = &rows->items[i];

		count_row(rows, row, i, seen);
		if (!say_what(rows, row) || !ck_dryrun_mapping(rows, row))
			return false;
	}
	return true;
}

bool ck_dryrun_rows_make(const struct ck_ledger *ledger, enum ck_detail detail, struct ck_dryrun_rows *ret_rows)
{
	struct gathering gathering = { .rows = ret_rows };
	bool good;

	*ret_rows = (struct ck_dryrun_rows){ .ledger = ledger, .detail = detail };
	ret_rows->next_target = ck_arena_array(ledger->arena, ledger->n_targets + 1, sizeof(size_t));
	ret_rows->next_source = ck_arena_array(ledger->arena, ledger->n_sources + 1, sizeof(size_t));
	ck_map_init(&gathering.by_key, ledger->arena);
	good = ret_rows->next_target && ret_rows->next_source && gather_targets(&gathering) && gather_dropped(&gathering);
	ck_buf_clear(&gathering.key);
	return good && finish_rows(ret_rows);
}
