/* Editing an object graph: what stays, what the keys are, and the message of the result. */
#include "bundle/graph_edit.h"

#include <stdlib.h>
#include <string.h>

/* Edges grouped by one of their ends, in their order. */
struct groups {
	size_t *first;		/* [n_nodes + 1] */
	uint32_t *edges;
};

/* Of the edges that are there, and between kept nodes if keep is given. */
static bool group_edges(const struct ck_edit *edit, bool by_target, const bool *keep, struct groups *ret_groups)
{
	size_t *first = ck_arena_array(edit->scratch, edit->n_nodes + 2, sizeof(*first));
	uint32_t *edges = ck_arena_array(edit->scratch, edit->n_edges, sizeof(*edges));
	if (!first || !edges)
		return false;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < edit->n_edges; i++) {
			const struct ck_edit_edge *edge = &edit->edges[i];
			if (edge->is_gone || (keep && (!keep[edge->from] || !keep[edge->to])))
				continue;
			size_t node = by_target ? edge->to : edge->from;
			if (pass == 0)
				first[node + 2]++;
			else
				edges[first[node + 1]++] = (uint32_t)i;
		}
		for (size_t i = 2; pass == 0 && i < edit->n_nodes + 2; i++)
			first[i] += first[i - 1];
	}
	*ret_groups = (struct groups){first, edges};
	return true;
}

/*
 * Edges by which an optimizer has what is not its own, such as the variables that it trains, whose names are the model's. They let it
 * stay only when something of its own does.
 */
struct strays {
	uint32_t *optimizer;	/* [n_old] of the source, the last that a node's name goes through; CK_NONE: none */
	uint32_t *of;		/* [n_edges] whose stray an edge is; CK_NONE: it is none */
	uint32_t *first, *next;	/* [n_old], [n_edges] those of an optimizer; CK_NONE ends them */
};

/* Is a node of the source the optimizer's own, or that of one within it? */
static bool is_own(const struct ck_edit *edit, const struct strays *strays, uint32_t optimizer, uint32_t at)
{
	uint32_t other = at < edit->n_old ? strays->optimizer[at] : CK_NONE;
	while (other != CK_NONE && other != optimizer)
		other = edit->source->parent[other] < 0 ? CK_NONE : strays->optimizer[edit->source->parent[other]];
	return other == optimizer;
}

/* False when memory is short. Without a source there are none. */
static bool find_strays(const struct ck_edit *edit, struct strays *strays)
{
	const struct ck_graph *source = edit->source;
	uint32_t **lists[] = {&strays->optimizer, &strays->first, &strays->of, &strays->next};
	for (size_t i = 0; i < CK_COUNT(lists); i++) {
		size_t n = i < 2 ? edit->n_old : edit->n_edges;
		*lists[i] = ck_arena_array(edit->scratch, n + 1, sizeof(**lists[i]));
		if (!*lists[i])
			return false;
		memset(*lists[i], 0xff, n * sizeof(**lists[i]));
	}
	for (size_t i = 0; source && i < source->n_order; i++) {
		uint32_t at = source->order[i];
		if (source->is_optimizer[at])
			strays->optimizer[at] = at;
		else if (source->parent[at] >= 0)
			strays->optimizer[at] = strays->optimizer[source->parent[at]];
	}
	for (uint32_t i = 0; i < edit->n_edges; i++) {
		const struct ck_edit_edge *edge = &edit->edges[i];
		uint32_t own = edge->old && edge->from < edit->n_old ? strays->optimizer[edge->from] : CK_NONE;
		/* Somebody may want a node to be where this edge has it. */
		bool is_place = edit->nodes[edge->to].is_placed && edit->nodes[edge->to].edge == i;
		if (own == CK_NONE || own == edit->root || is_place || is_own(edit, strays, own, edge->to))
			continue;
		strays->of[i] = own;
		strays->next[i] = strays->first[own];
		strays->first[own] = i;
	}
	return true;
}

static void lead(bool *leads, uint32_t at, uint32_t *queue, size_t *n)
{
	if (!leads[at])
		queue[(*n)++] = at;
	leads[at] = true;
}

/* From the nodes in leads back over edges. */
static void spread(const struct ck_edit *edit, const struct groups *in, const struct strays *strays, uint32_t *queue, bool *leads)
{
	size_t n = 0;
	for (size_t i = 0; i < edit->n_nodes; i++) {
		if (leads[i])
			queue[n++] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = in->first[queue[i]]; k < in->first[queue[i] + 1]; k++) {
			uint32_t edge = in->edges[k], optimizer = strays->of[edge];
			if (optimizer == CK_NONE || leads[optimizer])
				lead(leads, edit->edges[edge].from, queue, &n);
		}
		/* An optimizer that stays: over its strays that were passed by. */
		for (uint32_t k = queue[i] < edit->n_old ? strays->first[queue[i]] : CK_NONE; k != CK_NONE; k = strays->next[k]) {
			if (!edit->edges[k].is_gone && leads[edit->edges[k].to])
				lead(leads, edit->edges[k].from, queue, &n);
		}
	}
}

bool *ck_edit_leads(const struct ck_edit *edit, enum ck_edit_seed seed)
{
	struct groups in;
	struct strays strays;
	bool *leads = ck_arena_array(edit->scratch, edit->n_nodes, sizeof(*leads));
	uint32_t *queue = ck_arena_array(edit->scratch, edit->n_nodes, sizeof(*queue));
	if (!leads || !queue || !group_edges(edit, true, NULL, &in) || !find_strays(edit, &strays))
		return NULL;
	for (size_t i = 0; i < edit->n_nodes; i++)
		leads[i] = edit->nodes[i].is_valued;
	for (size_t i = 0; seed == CK_SEED_VALUES_AND_SLOTS && i < edit->n_values; i++) {
		if (edit->parts[i].is_slot && edit->parts[i].optimizer_node != CK_NONE)
			leads[edit->parts[i].optimizer_node] = true;
	}
	spread(edit, &in, &strays, queue, leads);
	return leads;
}

/* The same for the source, before anything changed. */
static bool *old_leads(const struct ck_edit *edit)
{
	bool *leads = ck_arena_array(edit->scratch, edit->n_old, sizeof(*leads));
	uint32_t *queue = ck_arena_array(edit->scratch, edit->n_old, sizeof(*queue));
	size_t n = 0;
	for (size_t i = 0; leads && queue && i < edit->n_old; i++) {
		const Ck__Tf__Node *node = ck_edit_old(edit, (uint32_t)i);
		leads[i] = node->n_attributes || node->registered_saver || node->n_slot_variables;
		if (leads[i])
			queue[n++] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = edit->source->first_in[queue[i]]; k < edit->source->first_in[queue[i] + 1]; k++) {
			uint32_t from = edit->source->in[k].from;
			if (!leads[from]) {
				leads[from] = true;
				queue[n++] = from;
			}
		}
	}
	return queue ? leads : NULL;
}

/*
 * Nodes that stay: those that lead to a value, and those that never did, as far as something that stays leads to them (or as
 * nothing did in the source either).
 */
static bool *find_kept(const struct ck_edit *edit)
{
	struct groups out;
	const bool *leads = ck_edit_leads(edit, CK_SEED_VALUES_AND_SLOTS), *led = old_leads(edit);
	bool *keep = ck_arena_array(edit->scratch, edit->n_nodes, sizeof(*keep));
	uint32_t *queue = ck_arena_array(edit->scratch, edit->n_nodes, sizeof(*queue));
	size_t n = 0;
	if (!leads || !led || !keep || !queue || !group_edges(edit, false, NULL, &out))
		return NULL;
	for (size_t i = 0; i < edit->n_nodes; i++) {
		bool was_loose = i < edit->n_old && !edit->source->reachable[i] && !led[i];
		keep[i] = i == edit->root || edit->nodes[i].is_valued || was_loose;
		if (keep[i])
			queue[n++] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = out.first[queue[i]]; k < out.first[queue[i] + 1]; k++) {
			uint32_t to = edit->edges[out.edges[k]].to;
			bool stays = leads[to] || (to < edit->n_old && !led[to]);
			if (!keep[to] && stays) {
				keep[to] = true;
				queue[n++] = to;
			}
		}
	}
	return keep;
}

/* Lists of optimizers. */

bool ck_edit_number(struct ck_str text, size_t limit, size_t *ret_number)
{
	size_t number = 0;
	if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || number > limit)
			return false;
		number = number * 10 + (size_t)(text.p[i] - '0');
	}
	*ret_number = number;
	return number < limit;
}

/* True if the children of a node of the source are 0, 1, ..., n - 1 in some order. */
static bool is_list(const struct ck_edit *edit, const Ck__Tf__Node *node)
{
	bool *seen = ck_arena_array(edit->scratch, node->n_children, sizeof(*seen));
	for (size_t i = 0; seen && i < node->n_children; i++) {
		size_t number;
		if (!ck_edit_number(ck_bytes_text(node->children[i]->local_name), node->n_children, &number) || seen[number])
			return false;
		seen[number] = true;
	}
	return seen && node->n_children;
}

struct element {
	size_t number;
	uint32_t edge;
};

static int compare_elements(const void *a, const void *b)
{
	const struct element *x = a, *y = b;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->edge < y->edge ? -1 : x->edge > y->edge;
}

/* Numbers what is left of a list from 0 again. */
static bool close_list(struct ck_edit *edit, const struct groups *out, uint32_t list)
{
	size_t n = out->first[list + 1] - out->first[list];
	struct element *elements = ck_arena_array(edit->scratch, n, sizeof(*elements));
	for (size_t i = 0; elements && i < n; i++) {
		uint32_t at = out->edges[out->first[list] + i], to = edit->edges[at].to;
		elements[i].edge = at;
		/* Names below an element would have to change too; TensorFlow's lists of optimizers hold variables only. */
		if (out->first[to] != out->first[to + 1] || !ck_edit_number(edit->edges[at].local, INT32_MAX, &elements[i].number))
			return true;
	}
	if (!elements)
		return false;
	qsort(elements, n, sizeof(*elements), compare_elements);
	for (size_t i = 0; i < n; i++) {
		struct ck_edit_edge *edge = &edit->edges[elements[i].edge];
		if (elements[i].number == i)
			continue;
		edge->local = ck_str_format(edit->arena, "%zu", i);
		if (!edge->local.p)
			return false;
		struct ck_edit_node *node = &edit->nodes[edge->to];
		size_t slash = ck_str_rfind(node->path, '/');
		if (!node->is_placed || node->edge != elements[i].edge || slash == node->path.n)
			continue;
		node->path = ck_str_format(edit->arena, "%.*s/%zu", (int)slash, node->path.p, i);
		if (!node->path.p)
			return false;
	}
	return true;
}

static enum ck_code close_lists(struct ck_edit *edit, const bool *keep)
{
	struct groups out;
	bool *seen = ck_arena_array(edit->scratch, edit->n_old, sizeof(*seen));
	if (!seen || !group_edges(edit, false, keep, &out))
		return CK_NOMEM;
	for (uint32_t i = 0; i < edit->n_old; i++) {
		if (!edit->source->is_optimizer[i] || !keep[i])
			continue;
		for (size_t k = out.first[i]; k < out.first[i + 1]; k++) {
			uint32_t list = edit->edges[out.edges[k]].to;
			if (list >= edit->n_old || seen[list])
				continue;
			seen[list] = true;
			if (is_list(edit, ck_edit_old(edit, list)) && !close_list(edit, &out, list))
				return CK_NOMEM;
		}
	}
	return CK_OK;
}

/* Keys. */

/* "above/local", or "local" below the root. */
static struct ck_str join(struct ck_edit *edit, struct ck_str above, bool at_root, struct ck_str local)
{
	size_t n = above.n + !at_root + ck_segment_escaped_length(local);
	char *text = ck_arena_alloc(edit->arena, n + 1);
	if (!text)
		return (struct ck_str){0};
	if (above.n)
		memcpy(text, above.p, above.n);
	if (!at_root)
		text[above.n] = '/';
	ck_segment_escape(local, text + above.n + !at_root);
	return (struct ck_str){text, n};
}

/* The path of a node: its own, or that of the edges which lead to it. p is NULL when memory is short. */
static struct ck_str path_of(struct ck_edit *edit, uint32_t at, size_t depth_left)
{
	const struct ck_edit_node *node = &edit->nodes[at];
	if (at == edit->root)
		return CK_STR("");
	if (node->is_placed)
		return node->path;
	if (node->edge == CK_NONE || edit->edges[node->edge].is_gone || depth_left == 0) {
		/* New nodes are placed. */
		CK_ASSERT(edit->source && at < edit->n_old);
		return edit->source->names[at];
	}
	const struct ck_edit_edge *edge = &edit->edges[node->edge];
	struct ck_str above = path_of(edit, edge->from, depth_left - 1);
	return above.p ? join(edit, above, edge->from == edit->root, edge->local) : above;
}

static struct ck_str glue(struct ck_edit *edit, struct ck_str a, struct ck_str b, struct ck_str c)
{
	char *text = ck_arena_alloc(edit->arena, a.n + b.n + c.n + 1);
	if (!text)
		return (struct ck_str){0};
	char *end = text;
	const struct ck_str all[] = {a, b, c};
	for (size_t i = 0; i < CK_COUNT(all); i++) {
		if (all[i].n)
			memcpy(end, all[i].p, all[i].n);
		end += all[i].n;
	}
	return (struct ck_str){text, (size_t)(end - text)};
}

static enum ck_code set_keys(struct ck_edit *edit)
{
	struct ck_map keys;
	ck_map_init(&keys, edit->scratch);
	if (!ck_map_reserve(&keys, edit->n_values))
		return CK_NOMEM;
	for (size_t i = 0; i < edit->n_values; i++) {
		struct ck_edit_value *part = &edit->parts[i];
		if (part->is_slot) {
			struct ck_str owner = path_of(edit, part->owner_node, CK_MAX_GRAPH_DEPTH);
			struct ck_str optimizer = path_of(edit, part->optimizer_node, CK_MAX_GRAPH_DEPTH);
			struct ck_str above = glue(edit, owner, CK_STR(CK_OPTIMIZER_SLOT), optimizer);
			part->key_path = join(edit, above, false, part->slot);
		} else {
			part->key_path = path_of(edit, part->node, CK_MAX_GRAPH_DEPTH);
		}
		struct ck_str key = glue(edit, part->key_path, CK_STR(CK_ATTRIBUTES), part->tail);
		size_t there;
		edit->span = edit->values[i].span;
		if (ck_arena_failed(edit->arena))
			return CK_NOMEM;
		if (ck_map_get(&keys, key, &there))
			return ck_edit_error(edit, CK_BAD_TARGET_NAME, "give one of them another name", "two values would be written to \"%.*s\"",
					     CK_STR_ARG(ck_name_text(edit->diags->arena, key)));
		if (!ck_map_put(&keys, key, i))
			return CK_NOMEM;
		edit->values[i].key = key;
	}
	return CK_OK;
}

/* The message. */

struct writing {
	struct ck_edit *edit;
	uint32_t *ids;		/* [n_nodes] in the result; CK_NONE: gone */
	struct groups out;
	const bool *has_values;
	bool says_values;	/* has_checkpoint_values is in the source, or there is none */
	size_t *first_slot;	/* [n_nodes + 1] */
	struct slot *slots;	/* by optimizer */
};

struct slot {
	uint32_t optimizer, entry;	/* entry: where it stood in that optimizer's list, CK_NONE: new there */
	size_t value;
};

static int compare_slots(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	if (x->optimizer != y->optimizer)
		return x->optimizer < y->optimizer ? -1 : 1;
	if (x->entry != y->entry)
		return x->entry < y->entry ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static bool group_slots(struct writing *writing)
{
	struct ck_edit *edit = writing->edit;
	size_t n = 0;
	writing->slots = ck_arena_array(edit->scratch, edit->n_values, sizeof(*writing->slots));
	writing->first_slot = ck_arena_array(edit->scratch, edit->n_nodes + 1, sizeof(*writing->first_slot));
	if (!writing->slots || !writing->first_slot)
		return false;
	for (size_t i = 0; i < edit->n_values; i++) {
		const struct ck_edit_value *part = &edit->parts[i];
		if (!part->is_slot)
			continue;
		bool stays = part->keeps_attribute && part->old_optimizer == part->optimizer_node;
		writing->slots[n++] = (struct slot){part->optimizer_node, stays ? part->old_entry : CK_NONE, i};
		writing->first_slot[part->optimizer_node + 1]++;
	}
	for (size_t i = 0; i < edit->n_nodes; i++)
		writing->first_slot[i + 1] += writing->first_slot[i];
	qsort(writing->slots, n, sizeof(*writing->slots), compare_slots);
	return true;
}

static ProtobufCBinaryData bytes_of(struct ck_str text)
{
	return (ProtobufCBinaryData){.len = text.n, .data = (uint8_t *)text.p};
}

static bool write_children(const struct writing *writing, uint32_t at, Ck__Tf__Node *to)
{
	const struct ck_edit *edit = writing->edit;
	to->n_children = writing->out.first[at + 1] - writing->out.first[at];
	to->children = ck_arena_array(edit->arena, to->n_children, sizeof(*to->children));
	for (size_t i = 0; to->children && i < to->n_children; i++) {
		const struct ck_edit_edge *edge = &edit->edges[writing->out.edges[writing->out.first[at] + i]];
		Ck__Tf__Child *child = ck_arena_alloc(edit->arena, sizeof(*child));
		if (!child)
			return false;
		if (edge->old)
			*child = *edge->old;
		else
			ck__tf__child__init(child);
		child->node_id = (int32_t)writing->ids[edge->to];
		child->local_name = bytes_of(edge->local);
		to->children[i] = child;
	}
	return to->children;
}

/* The key of an attribute that stays, which is shorter than the keys of its values where those have tails. */
static struct ck_str attribute_key(struct ck_edit *edit, const struct ck_edit_value *part, const Ck__Tf__Attribute *old)
{
	struct ck_str key = ck_bytes_text(old->checkpoint_key), tail = part->tail;
	for (size_t i = key.n; !part->is_variable && i-- > 0;) {
		if (ck_str_starts(ck_str_slice(key, i, key.n), CK_STR(CK_ATTRIBUTES))) {
			tail = ck_str_slice(key, i + sizeof(CK_ATTRIBUTES) - 1, key.n);
			break;
		}
	}
	return glue(edit, part->key_path, CK_STR(CK_ATTRIBUTES), tail);
}

static bool add_attribute(const struct writing *writing, size_t value, const Ck__Tf__Attribute *old, Ck__Tf__Node *to)
{
	struct ck_edit *edit = writing->edit;
	const struct ck_edit_value *part = &edit->parts[value];
	Ck__Tf__Attribute *attribute = ck_arena_alloc(edit->arena, sizeof(*attribute));
	if (!attribute)
		return false;
	if (old) {
		*attribute = *old;
		attribute->checkpoint_key = bytes_of(attribute_key(edit, part, old));
		if (edit->values[value].lists != CK_LISTS_STAY)
			attribute->full_name = bytes_of(edit->values[value].full_name);
	} else {
		ck__tf__attribute__init(attribute);
		attribute->name = bytes_of(part->tail);
		attribute->full_name = bytes_of(part->key_path);
		attribute->checkpoint_key = bytes_of(edit->values[value].key);
	}
	to->attributes[to->n_attributes++] = attribute;
	return attribute->checkpoint_key.data;
}

/* Those of the source that some value keeps, in their order, then new ones. */
static bool write_attributes(const struct writing *writing, uint32_t at, const Ck__Tf__Node *old, Ck__Tf__Node *to)
{
	const struct ck_edit *edit = writing->edit;
	size_t n_old = old ? old->n_attributes : 0, n_new = 0;
	for (uint32_t v = edit->nodes[at].first_value; v != CK_NONE; v = edit->parts[v].next)
		n_new += !edit->parts[v].keeps_attribute;
	to->n_attributes = 0;
	to->attributes = ck_arena_array(edit->arena, n_old + n_new, sizeof(*to->attributes));
	uint32_t *keeper = ck_arena_array(edit->scratch, n_old, sizeof(*keeper));
	if (!to->attributes || !keeper)
		return false;
	memset(keeper, 0xff, n_old * sizeof(*keeper));
	for (uint32_t v = edit->nodes[at].first_value; v != CK_NONE; v = edit->parts[v].next) {
		if (edit->parts[v].keeps_attribute)
			keeper[edit->values[v].source_attribute] = v;
	}
	for (size_t i = 0; i < n_old; i++) {
		if (keeper[i] != CK_NONE && !add_attribute(writing, keeper[i], old->attributes[i], to))
			return false;
	}
	for (uint32_t v = edit->nodes[at].first_value; v != CK_NONE; v = edit->parts[v].next) {
		if (!edit->parts[v].keeps_attribute && !add_attribute(writing, v, NULL, to))
			return false;
	}
	return true;
}

static bool write_slots(const struct writing *writing, uint32_t at, const Ck__Tf__Node *old, Ck__Tf__Node *to)
{
	const struct ck_edit *edit = writing->edit;
	size_t first = writing->first_slot[at];
	to->n_slot_variables = writing->first_slot[at + 1] - first;
	to->slot_variables = ck_arena_array(edit->arena, to->n_slot_variables, sizeof(*to->slot_variables));
	for (size_t i = 0; to->slot_variables && i < to->n_slot_variables; i++) {
		const struct slot *slot = &writing->slots[first + i];
		const struct ck_edit_value *part = &edit->parts[slot->value];
		Ck__Tf__SlotVariable *reference = ck_arena_alloc(edit->arena, sizeof(*reference));
		if (!reference)
			return false;
		if (slot->entry != CK_NONE)
			*reference = *old->slot_variables[slot->entry];
		else
			ck__tf__slot_variable__init(reference);
		reference->slot_name = bytes_of(part->slot);
		reference->original_variable_node_id = (int32_t)writing->ids[part->owner_node];
		reference->slot_variable_node_id = (int32_t)writing->ids[part->node];
		to->slot_variables[i] = reference;
	}
	return to->slot_variables;
}

static bool write_node(const struct writing *writing, uint32_t at, Ck__Tf__Node **ret_node)
{
	const struct ck_edit *edit = writing->edit;
	const Ck__Tf__Node *old = ck_edit_old(edit, at);
	Ck__Tf__Node *to = ck_arena_alloc(edit->arena, sizeof(*to));
	if (!to)
		return false;
	if (old)
		*to = *old;
	else
		ck__tf__node__init(to);
	if (writing->says_values && (!old || old->has_checkpoint_values)) {
		Ck__Tf__BoolValue *says = ck_arena_alloc(edit->arena, sizeof(*says));
		if (!says)
			return false;
		if (old)
			*says = *old->has_checkpoint_values;
		else
			ck__tf__bool_value__init(says);
		says->value = writing->has_values[at];
		to->has_checkpoint_values = says;
	}
	*ret_node = to;
	return write_children(writing, at, to) && write_attributes(writing, at, old, to) && write_slots(writing, at, old, to);
}

/* The root first, then nodes of the source in their order, then new ones in theirs. Returns how many. */
static size_t number_nodes(struct writing *writing, const bool *keep, uint32_t *ret_order)
{
	const struct ck_edit *edit = writing->edit;
	size_t n = 0;
	ret_order[n++] = edit->root;
	for (uint32_t i = 0; i < edit->n_nodes; i++) {
		if (keep[i] && i != edit->root)
			ret_order[n++] = i;
	}
	memset(writing->ids, 0xff, edit->n_nodes * sizeof(*writing->ids));
	for (size_t i = 0; i < n; i++)
		writing->ids[ret_order[i]] = (uint32_t)i;
	return n;
}

static bool write_message(struct writing *writing, const bool *keep, Ck__Tf__ObjectGraph *message)
{
	struct ck_edit *edit = writing->edit;
	uint32_t *order = ck_arena_array(edit->scratch, edit->n_nodes, sizeof(*order));
	writing->ids = ck_arena_array(edit->scratch, edit->n_nodes, sizeof(*writing->ids));
	writing->has_values = ck_edit_leads(edit, CK_SEED_VALUES);
	writing->says_values = !edit->source;
	for (uint32_t i = 0; edit->source && i < edit->n_old; i++)
		writing->says_values |= ck_edit_old(edit, i)->has_checkpoint_values != NULL;
	if (!order || !writing->ids || !writing->has_values || !group_edges(edit, false, keep, &writing->out) || !group_slots(writing))
		return false;
	if (edit->source)
		*message = *edit->source->message;
	else
		ck__tf__object_graph__init(message);
	message->n_nodes = number_nodes(writing, keep, order);
	message->nodes = ck_arena_array(edit->arena, message->n_nodes, sizeof(*message->nodes));
	for (size_t i = 0; message->nodes && i < message->n_nodes; i++) {
		if (!write_node(writing, order[i], &message->nodes[i]))
			return false;
	}
	return message->nodes;
}

enum ck_code ck_edit_write(struct ck_edit *edit, struct ck_graph **ret_graph)
{
	const bool *keep = find_kept(edit);
	if (!keep)
		return CK_NOMEM;
	enum ck_code code = edit->source ? close_lists(edit, keep) : CK_OK;
	if (!code)
		code = set_keys(edit);
	if (code)
		return code;
	struct writing writing = {.edit = edit};
	struct ck_graph *graph = ck_arena_alloc(edit->arena, sizeof(*graph));
	Ck__Tf__ObjectGraph *message = ck_arena_alloc(edit->arena, sizeof(*message));
	if (!graph || !message || !write_message(&writing, keep, message))
		return CK_NOMEM;
	graph->arena = edit->arena;
	graph->message = message;
	code = ck_graph_index(graph, edit->diags);
	if (!code)
		*ret_graph = graph;
	return code;
}
