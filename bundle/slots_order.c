/* Orders in which programs list the variables of a model, as the object graph shows it. */
#include <stdlib.h>

#include "bundle/slots_internal.h"

enum { MAX_LISTS = 20 };	/* lists in lists that are gone into */

/* What is to be done, the last first: a node is entered, or its own variables, left until now, get their places. */
struct step {
	uint32_t node;
	bool own_only;
};

struct walk {
	const struct ck_slot_finding *finding;
	const struct ck_graph *graph;
	enum ck_slot_order order;
	bool *seen;
	struct step *steps;
	size_t n_steps, capacity;
	uint32_t *ret_place;
	uint32_t n;		/* places given */
};

static struct ck_str name_of(const Ck__Tf__Child *child)
{
	return (struct ck_str){(const char *)child->local_name.data, child->local_name.len};
}

static int compare_names(const void *a, const void *b)
{
	return ck_str_compare(name_of(*(const Ck__Tf__Child *const *)a), name_of(*(const Ck__Tf__Child *const *)b));
}

static bool is_variable(const struct walk *walk, int32_t node)
{
	return walk->graph->message->nodes[node]->n_attributes > 0;
}

/* A list or tuple: its children are called 0, 1, ... */
static bool is_list(const Ck__Tf__Node *node)
{
	for (size_t i = 0; i < node->n_children; i++) {
		struct ck_str name = name_of(node->children[i]);
		if (name.n == 0 || name.p[0] < '0' || name.p[0] > '9')
			return false;
	}
	return node->n_children && node->n_attributes == 0;
}

static bool push(struct walk *walk, uint32_t node, bool own_only)
{
	if (!ck_arena_grow(walk->finding->scratch, (void **)&walk->steps, walk->n_steps, &walk->capacity, sizeof(*walk->steps)))
		return false;
	walk->steps[walk->n_steps++] = (struct step){node, own_only};
	return true;
}

/* A node's children, by name if the order wants it. NULL when memory is short. */
static Ck__Tf__Child **sorted_children(const struct walk *walk, const Ck__Tf__Node *node)
{
	Ck__Tf__Child **children = ck_arena_array(walk->finding->scratch, node->n_children + 1, sizeof(*children));
	for (size_t i = 0; children && i < node->n_children; i++)
		children[i] = node->children[i];
	if (children && walk->order == CK_ORDER_SORTED && !is_list(node))
		qsort(children, node->n_children, sizeof(*children), compare_names);
	return children;
}

/* Gives places to a node's variables (with own), and lets the nodes below it be entered (with below). */
static bool look_at(struct walk *walk, uint32_t at, bool own, bool below, size_t depth)
{
	const Ck__Tf__Node *node = walk->graph->message->nodes[at];
	Ck__Tf__Child **children = sorted_children(walk, node);
	for (size_t i = 0; children && i < node->n_children; i++) {
		uint32_t to = (uint32_t)children[i]->node_id;
		if (walk->seen[to] || walk->graph->is_optimizer[to])
			continue;
		if (is_variable(walk, children[i]->node_id)) {
			walk->seen[to] |= own;
			walk->ret_place[to] = own ? walk->n++ : walk->ret_place[to];
		} else if (walk->order == CK_ORDER_SORTED && depth < MAX_LISTS && is_list(walk->graph->message->nodes[to])) {
			/* What is in a list of a module is as if it were the module's own. */
			walk->seen[to] = true;
			if (!look_at(walk, to, own, below, depth + 1))
				return false;
		} else if (below && !push(walk, to, false)) {
			return false;
		}
	}
	return children;
}

static bool enter(struct walk *walk, uint32_t node)
{
	size_t first = walk->n_steps;
	bool own_last = walk->order == CK_ORDER_OWN_LAST;
	if (walk->seen[node])
		return true;
	walk->seen[node] = true;
	if ((own_last && !push(walk, node, true)) || !look_at(walk, node, !own_last, true, 0))
		return false;
	/* The first child is entered first, so it has to be the last step; the variables that were left come after all of them. */
	for (size_t i = first + own_last, k = walk->n_steps; i + 1 < k; i++, k--) {
		struct step step = walk->steps[i];
		walk->steps[i] = walk->steps[k - 1];
		walk->steps[k - 1] = step;
	}
	return true;
}

bool ck_slots_order(const struct ck_slot_finding *finding, enum ck_slot_order order, uint32_t *ret_place)
{
	const struct ck_graph *graph = finding->manifest->graph;
	size_t n_nodes = graph->message->n_nodes;
	struct walk walk = {.finding = finding, .graph = graph, .order = order, .ret_place = ret_place,
			    .seen = ck_arena_array(finding->scratch, n_nodes, sizeof(*walk.seen))};
	for (size_t i = 0; i < n_nodes; i++)
		ret_place[i] = UINT32_MAX;
	if (!walk.seen || !push(&walk, 0, false))
		return false;
	while (walk.n_steps) {
		struct step step = walk.steps[--walk.n_steps];
		if (!(step.own_only ? look_at(&walk, step.node, true, false, 0) : enter(&walk, step.node)))
			return false;
	}
	return true;
}
