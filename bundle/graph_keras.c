/*
 * Editing an object graph: a Keras optimizer's lists as another generation of Keras has them. Both have the same slots in the same
 * order, `_variables`. Keras 3 has the learning rate in it, behind the step count, and the list `_trainable_variables`; in Keras 2 full
 * names tell whose slots they are. Source: base_optimizer.py of Keras 3, optimizer.py of Keras 2.
 */
#include <stdlib.h>

#include "bundle/graph_edit.h"

/* The edge of a node of the source by its name, or CK_NONE. */
static uint32_t edge_named(const struct ck_edit *edit, uint32_t from, struct ck_str name)
{
	for (size_t i = edit->first_edge[from]; i < edit->first_edge[from + 1]; i++) {
		if (!edit->edges[i].is_gone && ck_str_equal(edit->edges[i].local, name))
			return (uint32_t)i;
	}
	return CK_NONE;
}

static void take_out(struct ck_edit *edit, uint32_t optimizer, struct ck_str name)
{
	uint32_t edge = edge_named(edit, optimizer, name);
	if (edge != CK_NONE && !edit->nodes[edit->edges[edge].to].is_placed)
		edit->edges[edge].is_gone = true;
}

struct element {
	size_t number;
	uint32_t edge;
};

static int compare_elements(const void *a, const void *b)
{
	const struct element *x = a, *y = b;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* The elements of a list in order. False only when memory is short. */
static bool read_list(struct ck_edit *edit, uint32_t list, struct element **ret_elements, size_t *ret_n)
{
	size_t first = edit->first_edge[list], n = edit->first_edge[list + 1] - first;
	*ret_elements = ck_arena_array(edit->scratch, n, sizeof(**ret_elements));
	*ret_n = 0;
	for (size_t i = 0; *ret_elements && i < n; i++) {
		struct element *element = &(*ret_elements)[*ret_n];
		element->edge = (uint32_t)(first + i);
		if (!edit->edges[first + i].is_gone && ck_edit_number(edit->edges[first + i].local, INT32_MAX, &element->number))
			(*ret_n)++;
	}
	if (*ret_elements)
		qsort(*ret_elements, *ret_n, sizeof(**ret_elements), compare_elements);
	return *ret_elements;
}

/* `_trainable_variables`: the slots' variables, in the order of their first slots. */
static bool add_trainable(struct ck_edit *edit, uint32_t optimizer, const struct element *elements, size_t n)
{
	bool *seen = ck_arena_array(edit->scratch, edit->n_nodes, sizeof(*seen));
	uint32_t list = ck_edit_add_node(edit);
	size_t n_owners = 0;
	if (!seen || list == CK_NONE || ck_edit_add_edge(edit, optimizer, CK_STR("_trainable_variables"), list) == CK_NONE)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint32_t value = edit->nodes[edit->edges[elements[i].edge].to].first_value;
		if (value == CK_NONE || edit->values[value].lists == CK_LISTS_STAY)
			continue;
		uint32_t owner = edit->parts[edit->values[value].owner].node;
		if (seen[owner])
			continue;
		seen[owner] = true;
		struct ck_str name = ck_str_format(edit->arena, "%zu", n_owners++);
		if (!name.p || ck_edit_add_edge(edit, list, name, owner) == CK_NONE)
			return false;
	}
	return true;
}

/* The learning rate becomes the second of all. */
static bool insert_rate(struct ck_edit *edit, uint32_t optimizer, uint32_t list, const struct element *elements, size_t n)
{
	uint32_t rate = edge_named(edit, optimizer, CK_STR("_learning_rate"));
	if (rate == CK_NONE || !edit->nodes[edit->edges[rate].to].is_valued)
		return true;
	for (size_t i = n; i-- > 0 && elements[i].number > 0;) {
		struct ck_str name = ck_str_format(edit->arena, "%zu", elements[i].number + 1);
		if (!name.p || !ck_edit_rename_edge(edit, elements[i].edge, name))
			return false;
	}
	return ck_edit_add_edge(edit, list, CK_STR("1"), edit->edges[rate].to) != CK_NONE;
}

static bool to_keras3(struct ck_edit *edit, uint32_t optimizer, uint32_t list)
{
	struct element *elements;
	size_t n;
	if (edge_named(edit, optimizer, CK_STR("_trainable_variables")) != CK_NONE)
		return true;
	take_out(edit, optimizer, CK_STR("_index_dict"));
	return read_list(edit, list, &elements, &n) && add_trainable(edit, optimizer, elements, n) &&
	       insert_rate(edit, optimizer, list, elements, n);
}

static void to_keras2(struct ck_edit *edit, uint32_t optimizer, uint32_t list)
{
	uint32_t rate = edge_named(edit, optimizer, CK_STR("_learning_rate"));
	take_out(edit, optimizer, CK_STR("_trainable_variables"));
	take_out(edit, optimizer, CK_STR("_trainable_variables_indices"));
	/* What is left closes up. */
	for (size_t i = edit->first_edge[list]; rate != CK_NONE && i < edit->first_edge[list + 1]; i++) {
		if (edit->edges[i].to == edit->edges[rate].to)
			edit->edges[i].is_gone = true;
	}
}

/* The optimizers that have the node in their list `_variables`. */
static bool convert_around(struct ck_edit *edit, uint32_t node, enum ck_lists lists, bool *seen)
{
	const struct ck_graph *source = edit->source;
	for (size_t i = source->first_in[node]; i < source->first_in[node + 1]; i++) {
		uint32_t list = source->in[i].from;
		if (seen[list])
			continue;
		seen[list] = true;
		for (size_t k = source->first_in[list]; k < source->first_in[list + 1]; k++) {
			uint32_t optimizer = source->in[k].from, edge = edge_named(edit, optimizer, CK_STR("_variables"));
			if (!source->is_optimizer[optimizer] || edge == CK_NONE || edit->edges[edge].to != list)
				continue;
			if (lists == CK_LISTS_KERAS2)
				to_keras2(edit, optimizer, list);
			else if (!to_keras3(edit, optimizer, list))
				return false;
		}
	}
	return true;
}

enum ck_code ck_edit_convert_lists(struct ck_edit *edit)
{
	bool *seen = ck_arena_array(edit->scratch, edit->n_old, sizeof(*seen));
	if (!seen)
		return CK_NOMEM;
	for (size_t i = 0; i < edit->n_values; i++) {
		const struct ck_graph_value *value = &edit->values[i];
		if (value->lists != CK_LISTS_STAY && value->source_node >= 0 && !convert_around(edit, (uint32_t)value->source_node, value->lists, seen))
			return CK_NOMEM;
	}
	return CK_OK;
}
