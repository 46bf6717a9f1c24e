/*
 * Slots of Keras 2.11 and later: elements of the optimizer's list `_variables`, whose full names are "m/" and that of their variable.
 *
 * Full names need not be unique. The elements stand in the order of the variables that the optimizer was built with, which the graph
 * does not tell; but most programs list a model's variables in one of a few orders, and elements whose name is unique show which of
 * those are possible. Where all that are possible say the same of an element, it is that variable's slot. Else it is none, and is
 * remembered as unclear, so that no migration loses it without a word. Source: keras/src/optimizers/ of Keras 2, optimizer.py first.
 */
#include <stdlib.h>
#include <string.h>

#include "bundle/slots_internal.h"

/* More variables of one full name than this are not told apart. */
enum { MAX_SAME_NAME = 1000 };

/* Keras 2: the segment of a full name that stands before the owner's. Where a list has the element, the list names the slot. */
static const struct keras2_word {
	struct ck_str word, slot;
} keras2_words[] = {
	{CK_STR("m"), CK_STR("m")},
	{CK_STR("v"), CK_STR("v")},
	{CK_STR("u"), CK_STR("v")},
	{CK_STR("vhat"), CK_STR("vhat")},
	{CK_STR("momentum"), CK_STR("momentum")},
	{CK_STR("velocity"), CK_STR("rms")},
	{CK_STR("average_gradient"), CK_STR("mg")},
	{CK_STR("accumulator"), CK_STR("accumulator")},
	{CK_STR("linear"), CK_STR("linear")},
	{CK_STR("accumulated_grad"), CK_STR("accum_grad")},
	{CK_STR("accumulated_delta_var"), CK_STR("accum_var")},
	{CK_STR("average"), CK_STR("ema")},
};

/* Variables of one full name and shape. */
struct group {
	size_t *owners;		/* [n] in the order that was found */
	size_t n;
	bool is_unclear;
};

/* An element of `_variables` that may be a slot. */
struct element {
	size_t variable;
	struct ck_str slot;
	const struct keras2_word *word;
	size_t group;
	size_t number;		/* how many of its word and group stand before it */
	size_t n_same;		/* elements of its word and group, in all */
};

/* Where a variable stands in one order. */
struct place {
	size_t variable;
	size_t part;		/* first element known to lie below the same child of the root; SIZE_MAX: none */
	uint32_t child, at;
};

struct reading {
	struct ck_slot_finding *finding;
	struct element *elements;
	size_t n_elements;
	struct group *groups;
	size_t n_groups;
	uint32_t *child;	/* [n_nodes] through which child of the root a node is reached first; UINT32_MAX: none */
	size_t *part;		/* [children of the root] */
	bool root_is_model;	/* the root's children are in its own order */
};

static const struct ck_variable *variable_of(const struct reading *reading, size_t at)
{
	return &reading->finding->manifest->variables[at];
}

/* ---- what the elements are called */

/* Splits "Adam/m/dense/kernel" into a word of keras2_words and the owner's full name. */
static const struct keras2_word *split_full_name(const struct ck_slot_finding *finding, struct ck_str full_name, struct ck_str *ret_owner)
{
	for (size_t begin = 0; begin < full_name.n;) {
		struct ck_str rest = ck_str_slice(full_name, begin, full_name.n);
		struct ck_str word = ck_str_slice(rest, 0, ck_str_find(rest, '/'));
		size_t at;
		*ret_owner = ck_str_slice(rest, word.n + 1, rest.n);
		for (size_t i = 0; i < CK_COUNT(keras2_words); i++) {
			if (ck_str_equal(word, keras2_words[i].word) && ck_map_get(&finding->by_full_name, *ret_owner, &at))
				return &keras2_words[i];
		}
		begin += word.n + 1;
	}
	return NULL;
}

/* The variables of a full name and shape that may have slots. False only when memory is short. */
static bool find_owners(struct ck_slot_finding *finding, struct ck_str full_name, struct ck_shape shape, struct group *ret_group)
{
	size_t n_steps = 0, at, capacity = 0;
	*ret_group = (struct group){0};
	if (!ck_map_get(&finding->by_full_name, full_name, &at))
		return true;
	for (; at != SIZE_MAX && n_steps++ < MAX_SAME_NAME; at = finding->same_full_name[at]) {
		const struct ck_variable *variable = &finding->manifest->variables[at];
		if (variable->convention != CK_CONVENTION_NONE || !ck_shape_equal(variable->shape, shape))
			continue;
		if (!ck_arena_grow(finding->scratch, (void **)&ret_group->owners, ret_group->n, &capacity, sizeof(*ret_group->owners)))
			return false;
		ret_group->owners[ret_group->n++] = at;
	}
	ret_group->is_unclear = at != SIZE_MAX;
	return true;
}

/* "WHAT", a NUL and the shape's bytes, as a key. */
static struct ck_str shape_key(struct ck_arena *arena, struct ck_str what, struct ck_shape shape)
{
	size_t n_dims = shape.rank * sizeof(*shape.dims);
	char *text = ck_arena_alloc(arena, what.n + 1 + n_dims);
	if (!text)
		return (struct ck_str){0};
	if (what.n)
		memcpy(text, what.p, what.n);
	text[what.n] = '\0';
	if (n_dims)
		memcpy(text + what.n + 1, shape.dims, n_dims);
	return (struct ck_str){text, what.n + 1 + n_dims};
}

/* Counts up what a map has under a key; *ret_n is the count before. */
static bool count_up(struct ck_map *map, struct ck_str key, size_t *ret_n)
{
	*ret_n = 0;
	(void)ck_map_get(map, key, ret_n);
	return key.p && ck_map_put(map, key, *ret_n + 1);
}

static bool read_elements(struct reading *reading, const Ck__Tf__Node *all)
{
	struct ck_slot_finding *finding = reading->finding;
	struct ck_map groups, counts;
	ck_map_init(&groups, finding->scratch);
	ck_map_init(&counts, finding->scratch);
	for (size_t k = 0; k < all->n_children; k++) {
		struct element *element = &reading->elements[reading->n_elements];
		struct ck_str owner;
		element->variable = finding->of_node[all->children[k]->node_id];
		if (element->variable == SIZE_MAX)
			continue;
		const struct ck_variable *variable = variable_of(reading, element->variable);
		element->word = split_full_name(finding, variable->full_name, &owner);
		if (!element->word)
			continue;
		element->slot = finding->list_slot[element->variable].p ? finding->list_slot[element->variable] : element->word->slot;
		struct ck_str key = shape_key(finding->scratch, owner, variable->shape);
		if (!key.p)
			return false;
		if (!ck_map_get(&groups, key, &element->group)) {
			element->group = reading->n_groups;
			if (!find_owners(finding, owner, variable->shape, &reading->groups[reading->n_groups]) ||
			    !ck_map_put(&groups, key, reading->n_groups++))
				return false;
		}
		if (!count_up(&counts, shape_key(finding->scratch, variable->full_name, variable->shape), &element->number))
			return false;
		reading->n_elements++;
	}
	for (size_t i = 0; i < reading->n_elements; i++) {
		const struct ck_variable *variable = variable_of(reading, reading->elements[i].variable);
		struct ck_str key = shape_key(finding->scratch, variable->full_name, variable->shape);
		if (!key.p)
			return false;
		(void)ck_map_get(&counts, key, &reading->elements[i].n_same);
	}
	return true;
}

/* ---- which variable is meant, where several have a name */

static bool is_unique(const struct reading *reading, const struct element *element)
{
	return reading->groups[element->group].n == 1 && element->n_same == 1;
}

/* Through which child of the root each node is reached; and which of the root's children the unique elements lie below. */
static bool find_parts(struct reading *reading)
{
	const struct ck_graph *graph = reading->finding->manifest->graph;
	const Ck__Tf__Node *root = graph->message->nodes[0];
	reading->child = ck_arena_array(reading->finding->scratch, graph->message->n_nodes, sizeof(*reading->child));
	reading->part = ck_arena_array(reading->finding->scratch, root->n_children, sizeof(*reading->part));
	if (!reading->child || !reading->part)
		return false;
	memset(reading->child, 0xff, graph->message->n_nodes * sizeof(*reading->child));
	memset(reading->part, 0xff, root->n_children * sizeof(*reading->part));
	for (size_t i = 0; i < graph->n_order; i++) {
		uint32_t node = graph->order[i];
		int32_t above = graph->parent[node];
		if (above == 0)
			reading->child[node] = graph->child[node];
		else if (above > 0)
			reading->child[node] = reading->child[above];
	}
	for (size_t i = 0; i < root->n_children; i++) {
		struct ck_str name = {(const char *)root->children[i]->local_name.data, root->children[i]->local_name.len};
		reading->root_is_model |= ck_str_starts(name, CK_STR("layer-")) || ck_str_starts(name, CK_STR("layer_with_weights-"));
	}
	for (size_t i = reading->n_elements; i-- > 0;) {
		if (!is_unique(reading, &reading->elements[i]))
			continue;
		size_t owner = reading->groups[reading->elements[i].group].owners[0];
		uint32_t child = reading->child[variable_of(reading, owner)->node];
		if (child != UINT32_MAX)
			reading->part[child] = i;
	}
	return true;
}

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	if (x->child != y->child)
		return x->child < y->child ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Where a variable stands; the parts below the root's children stand as their unique elements do. */
static struct place place_of(const struct reading *reading, size_t variable, const uint32_t *places)
{
	int32_t node = variable_of(reading, variable)->node;
	struct place place = {.variable = variable, .part = SIZE_MAX, .child = reading->child[node], .at = places[node]};
	if (reading->root_is_model) {
		place.part = 0;
		place.child = 0;
	} else if (place.child != UINT32_MAX) {
		place.part = reading->part[place.child];
	}
	return place;
}

/* Puts a group's owners into an order. False if it does not tell: two parts without a unique element, or what no path leads to. */
static bool sort_group(const struct reading *reading, const struct group *group, const uint32_t *places, struct place *ret_places)
{
	for (size_t i = 0; i < group->n; i++)
		ret_places[i] = place_of(reading, group->owners[i], places);
	qsort(ret_places, group->n, sizeof(*ret_places), compare_places);
	for (size_t i = 0; i < group->n; i++) {
		if (ret_places[i].at == UINT32_MAX || (i && ret_places[i].part == SIZE_MAX && ret_places[i - 1].child != ret_places[i].child))
			return false;
	}
	return true;
}

/* An order that is looked at. */
struct trial {
	struct place **sorted;	/* [n_groups] of those with several owners; NULL: the order does not tell */
};

/* Whether the elements of each word stand in the order. Of the groups that it does not tell nothing is asked. */
static bool is_possible(const struct reading *reading, const struct trial *trial, const uint32_t *places)
{
	for (size_t word = 0; word < CK_COUNT(keras2_words); word++) {
		struct place last = {0};
		bool any = false;
		for (size_t i = 0; i < reading->n_elements; i++) {
			const struct element *element = &reading->elements[i];
			const struct group *group = &reading->groups[element->group];
			if (element->word != &keras2_words[word] || element->n_same != group->n || (group->n > 1 && !trial->sorted[element->group]))
				continue;
			struct place here = group->n > 1 ? trial->sorted[element->group][element->number]
							 : place_of(reading, group->owners[0], places);
			if (any && compare_places(&last, &here) >= 0)
				return false;
			last = here;
			any = true;
		}
	}
	return true;
}

static bool make_trial(const struct reading *reading, const uint32_t *places, struct trial *ret_trial)
{
	struct ck_arena *scratch = reading->finding->scratch;
	ret_trial->sorted = ck_arena_array(scratch, reading->n_groups, sizeof(*ret_trial->sorted));
	for (size_t i = 0; ret_trial->sorted && i < reading->n_groups; i++) {
		const struct group *group = &reading->groups[i];
		if (group->n < 2)
			continue;
		struct place *sorted = ck_arena_array(scratch, group->n, sizeof(*sorted));
		if (!sorted)
			return false;
		if (sort_group(reading, group, places, sorted))
			ret_trial->sorted[i] = sorted;
	}
	return ret_trial->sorted;
}

/* What a possible order says of each group, beside what others have said. */
static void take_over(struct reading *reading, const struct trial *trial, bool is_first)
{
	for (size_t i = 0; i < reading->n_groups; i++) {
		struct group *group = &reading->groups[i];
		if (group->n < 2)
			continue;
		if (!trial->sorted[i])
			group->is_unclear = true;
		for (size_t k = 0; trial->sorted[i] && k < group->n; k++) {
			if (is_first)
				group->owners[k] = trial->sorted[i][k].variable;
			else if (group->owners[k] != trial->sorted[i][k].variable)
				group->is_unclear = true;
		}
	}
}

static bool tell_apart(struct reading *reading)
{
	size_t n_nodes = reading->finding->manifest->graph->message->n_nodes, n_possible = 0;
	uint32_t *places = ck_arena_array(reading->finding->scratch, n_nodes, sizeof(*places));
	if (!places || !find_parts(reading))
		return false;
	for (enum ck_slot_order order = CK_ORDER_OWN_FIRST; order <= CK_ORDER_SORTED; order++) {
		struct trial trial;
		if (!ck_slots_order(reading->finding, order, places) || !make_trial(reading, places, &trial))
			return false;
		if (is_possible(reading, &trial, places))
			take_over(reading, &trial, n_possible++ == 0);
	}
	for (size_t i = 0; i < reading->n_groups; i++)
		reading->groups[i].is_unclear |= reading->groups[i].n > 1 && n_possible == 0;
	return true;
}

struct ck_str ck_keras2_full_name(struct ck_str slot, struct ck_str owner, struct ck_arena *arena)
{
	for (size_t i = 0; i < CK_COUNT(keras2_words); i++) {
		if (ck_str_equal(keras2_words[i].slot, slot))
			return ck_str_format(arena, "%.*s/%.*s", CK_STR_ARG(keras2_words[i].word), CK_STR_ARG(owner));
	}
	return (struct ck_str){0};
}

/* ---- all of it */

static void mark_unclear(struct reading *reading, const struct element *element)
{
	struct group *group = &reading->groups[element->group];
	struct ck_variable *variables = reading->finding->manifest->variables;
	for (size_t i = 0; i < group->n; i++)
		variables[group->owners[i]].has_unclear_slots = true;
	if (group->n)
		variables[element->variable].unclear_owner = group->owners[0] + 1;
}

bool ck_slots_find_keras2(struct ck_slot_finding *finding, const Ck__Tf__Node *optimizer, const Ck__Tf__Node *all, struct ck_str path)
{
	struct ck_keras_lists lists = ck_keras_lists_find(finding, optimizer);
	struct reading reading = {.finding = finding,
				  .elements = ck_arena_array(finding->scratch, all->n_children + 1, sizeof(*reading.elements)),
				  .groups = ck_arena_array(finding->scratch, all->n_children + 1, sizeof(*reading.groups))};
	bool several = false;
	for (size_t i = 0; i < lists.n; i++) {
		for (size_t k = 0; lists.node[i] && k < lists.node[i]->n_children; k++) {
			size_t at = finding->of_node[lists.node[i]->children[k]->node_id];
			if (at != SIZE_MAX)
				finding->list_slot[at] = lists.slot[i];
		}
	}
	if (!reading.elements || !reading.groups || !read_elements(&reading, all))
		return false;
	for (size_t i = 0; i < reading.n_groups; i++)
		several |= reading.groups[i].n > 1;
	if (several && !tell_apart(&reading))
		return false;
	for (size_t i = 0; i < reading.n_elements; i++) {
		const struct element *element = &reading.elements[i];
		const struct group *group = &reading.groups[element->group];
		if (group->is_unclear || element->n_same != group->n)
			mark_unclear(&reading, element);
		else
			(void)ck_slot_set(finding, element->variable, group->owners[element->number], CK_KERAS2, element->slot, path);
	}
	return true;
}
