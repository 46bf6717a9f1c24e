/*
 * Editing an object graph: which node each value keeps, and where nodes go.
 *
 * Values want paths. A value keeps the node that it has in the source, and takes it to its path. Seen from the leaves up, an inner
 * node below which everything goes from "O/x" to "N/x" goes from O to N itself; one below which values part stays, as far as
 * something stays below it. Nodes of which nothing is wanted follow the edges that lead to them.
 */
#include "bundle/graph_edit.h"

#include <string.h>

static const char *const whole_object = "move the whole object, such as \"model/table/**\" -> \"model/words/**\"";

enum ck_code ck_edit_error(struct ck_edit *edit, enum ck_code code, const char *help, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_str text = ck_str_vformat(edit->diags->arena, format, args);
	va_end(args);
	struct ck_diag *diag = ck_error(edit->diags, code, edit->span, "%.*s", CK_STR_ARG(text));
	if (help)
		ck_diag_help(edit->diags, diag, "%s", help);
	return code;
}

uint32_t ck_edit_add_node(struct ck_edit *edit)
{
	if (edit->n_nodes >= INT32_MAX || !ck_arena_grow(edit->scratch, (void **)&edit->nodes, edit->n_nodes, &edit->nodes_capacity,
							 sizeof(*edit->nodes)))
		return CK_NONE;
	edit->nodes[edit->n_nodes] = (struct ck_edit_node){.edge = CK_NONE, .first_value = CK_NONE, .last_value = CK_NONE};
	return (uint32_t)edit->n_nodes++;
}

void ck_edit_hold(struct ck_edit *edit, uint32_t node, size_t value)
{
	struct ck_edit_node *to = &edit->nodes[node];
	edit->parts[value].node = node;
	edit->parts[value].next = CK_NONE;
	if (to->last_value == CK_NONE)
		to->first_value = (uint32_t)value;
	else
		edit->parts[to->last_value].next = (uint32_t)value;
	to->last_value = (uint32_t)value;
	to->is_valued = true;
}

/* Position of the last occurrence of word, or text.n. */
static size_t find_last(struct ck_str text, struct ck_str word)
{
	for (size_t i = text.n >= word.n ? text.n - word.n + 1 : 0; i-- > 0;) {
		if (memcmp(text.p + i, word.p, word.n) == 0)
			return i;
	}
	return text.n;
}

/* Reading the values. */

/* "OWNER/.OPTIMIZER_SLOT/OPTIMIZER/SLOT": a slot that the language calls a variable. */
static void read_slot_path(struct ck_edit_value *part)
{
	struct ck_str mark = CK_STR(CK_OPTIMIZER_SLOT);
	size_t at = find_last(part->path, mark);
	if (at == part->path.n)
		return;
	struct ck_str rest = ck_str_slice(part->path, at + mark.n, part->path.n);
	size_t slash = ck_str_rfind(rest, '/');
	part->is_slot = true;
	part->owner_path = ck_str_slice(part->path, 0, at);
	part->optimizer = slash == rest.n ? CK_STR("") : ck_str_slice(rest, 0, slash);
	part->slot = slash == rest.n ? rest : ck_str_slice(rest, slash + 1, rest.n);
}

static struct ck_str old_tail(const Ck__Tf__Attribute *attribute)
{
	struct ck_str key = ck_bytes_text(attribute->checkpoint_key), mark = CK_STR(CK_ATTRIBUTES);
	size_t at = find_last(key, mark);
	return at == key.n ? ck_bytes_text(attribute->name) : ck_str_slice(key, at + mark.n, key.n);
}

/* A value of another attribute: "NODE/.ATTRIBUTES/TAIL", or the path of its node. */
static enum ck_code read_attribute(struct ck_edit *edit, struct ck_edit_value *part, const Ck__Tf__Attribute *attribute)
{
	struct ck_str mark = CK_STR(CK_ATTRIBUTES);
	size_t at = find_last(part->path, mark);
	struct ck_str tail = old_tail(attribute);
	part->tail = at == part->path.n ? tail : ck_str_slice(part->path, at + mark.n, part->path.n);
	if (!ck_str_starts(part->tail, tail))
		return ck_edit_error(edit, CK_PARTED_NODE, whole_object,
				     "the value of attribute \"%.*s\" of \"%.*s\" cannot become \"%.*s\": it may only move with its node, "
				     "under the same last part",
				     CK_STR_ARG(ck_name_text(edit->diags->arena, ck_bytes_text(attribute->name))),
				     CK_STR_ARG(ck_name_text(edit->diags->arena, ck_bytes_text(attribute->checkpoint_key))),
				     CK_STR_ARG(ck_name_text(edit->diags->arena, part->path)));
	part->path = ck_str_slice(part->path, 0, at);
	return CK_OK;
}

static enum ck_code read_value(struct ck_edit *edit, size_t i)
{
	const struct ck_graph_value *value = &edit->values[i];
	struct ck_edit_value *part = &edit->parts[i];
	edit->span = value->span;
	CK_ASSERT(value->source_node < 0 || (size_t)value->source_node < edit->n_old);
	*part = (struct ck_edit_value){.path = value->path, .tail = CK_STR("VARIABLE_VALUE"), .is_variable = true, .node = CK_NONE,
				       .next = CK_NONE, .is_slot = value->is_slot, .optimizer = value->optimizer, .slot = value->slot,
				       .optimizer_node = CK_NONE, .owner_node = CK_NONE, .old_optimizer = CK_NONE, .old_entry = CK_NONE};
	if (value->source_node >= 0 && value->source_attribute >= 0) {
		const Ck__Tf__Node *node = edit->source->message->nodes[value->source_node];
		CK_ASSERT((size_t)value->source_attribute < node->n_attributes);
		const Ck__Tf__Attribute *attribute = node->attributes[value->source_attribute];
		part->is_variable = ck_str_equal(ck_bytes_text(attribute->name), CK_STR("VARIABLE_VALUE"));
		if (!part->is_variable)
			return read_attribute(edit, part, attribute);
	}
	if (!part->is_slot && !value->is_positional)
		read_slot_path(part);
	if (part->path.n == 0 && !part->is_slot && !value->is_positional && value->source_node != 0)
		return ck_edit_error(edit, CK_BAD_TARGET_NAME, "write a name", "a variable cannot have the empty name");
	return CK_OK;
}

/* Nodes and edges of the source. */

static bool copy_source(struct ck_edit *edit)
{
	const struct ck_graph *source = edit->source;
	edit->n_old = source ? source->message->n_nodes : 0;
	size_t n_edges = edit->n_values;
	for (size_t i = 0; i < edit->n_old; i++)
		n_edges += source->message->nodes[i]->n_children;
	/* What is known to be needed at once; new paths may need some more. */
	edit->nodes_capacity = edit->n_old + edit->n_values + 1;
	edit->edges_capacity = n_edges + 1;
	edit->nodes = ck_arena_array(edit->scratch, edit->nodes_capacity, sizeof(*edit->nodes));
	edit->edges = ck_arena_array(edit->scratch, edit->edges_capacity, sizeof(*edit->edges));
	if (!edit->nodes || !edit->edges)
		return false;
	for (size_t i = 0; i < edit->n_old; i++) {
		uint32_t at = ck_edit_add_node(edit);
		if (at == CK_NONE)
			return false;
		edit->nodes[at].is_valued = source->message->nodes[i]->registered_saver;
	}
	edit->first_edge = ck_arena_array(edit->scratch, edit->n_old + 1, sizeof(*edit->first_edge));
	if (!edit->first_edge)
		return false;
	for (size_t i = 0; i < edit->n_old; i++) {
		const Ck__Tf__Node *node = source->message->nodes[i];
		edit->first_edge[i] = edit->n_edges;
		for (size_t k = 0; k < node->n_children; k++) {
			if (!ck_arena_grow(edit->scratch, (void **)&edit->edges, edit->n_edges, &edit->edges_capacity, sizeof(*edit->edges)))
				return false;
			uint32_t to = (uint32_t)node->children[k]->node_id;
			if (source->parent[to] == (int32_t)i && source->child[to] == k)
				edit->nodes[to].edge = (uint32_t)edit->n_edges;
			edit->edges[edit->n_edges++] = (struct ck_edit_edge){
				.from = (uint32_t)i, .to = to, .local = ck_bytes_text(node->children[k]->local_name), .old = node->children[k]};
		}
	}
	edit->first_edge[edit->n_old] = edit->n_edges;
	return true;
}

/* Where the source refers to slots: for each node the optimizer and the number of the entry. */
static enum ck_code find_old_slots(struct ck_edit *edit)
{
	uint32_t *by_node = ck_arena_array(edit->scratch, edit->n_old, 2 * sizeof(*by_node));
	if (!by_node)
		return CK_NOMEM;
	memset(by_node, 0xff, edit->n_old * 2 * sizeof(*by_node));
	for (size_t i = edit->n_old; i-- > 0;) {
		const Ck__Tf__Node *node = ck_edit_old(edit, (uint32_t)i);
		for (size_t k = node->n_slot_variables; k-- > 0;) {
			size_t to = (size_t)node->slot_variables[k]->slot_variable_node_id;
			by_node[2 * to] = (uint32_t)i;
			by_node[2 * to + 1] = (uint32_t)k;
		}
	}
	for (size_t i = 0; i < edit->n_values; i++) {
		int32_t node = edit->values[i].source_node;
		if (!edit->parts[i].is_slot || node < 0)
			continue;
		edit->parts[i].old_optimizer = by_node[2 * node];
		edit->parts[i].old_entry = by_node[2 * node + 1];
	}
	return CK_OK;
}

/* Which value keeps which node. */

static enum ck_code parted(struct ck_edit *edit, size_t value, struct ck_str other_path)
{
	edit->span = edit->values[value].span;
	struct ck_arena *arena = edit->diags->arena;
	int32_t node = edit->values[value].source_node;
	struct ck_str name = node < 0 ? edit->values[value].path : edit->source->names[node];
	return ck_edit_error(edit, CK_PARTED_NODE, whole_object,
			     "the values of \"%.*s\" would be parted: one goes to \"%.*s\", another to \"%.*s\"; tables, iterators and other "
			     "state may only move together, with their node", CK_STR_ARG(ck_name_text(arena, name)),
			     CK_STR_ARG(ck_name_text(arena, edit->parts[value].path)), CK_STR_ARG(ck_name_text(arena, other_path)));
}

/* Values of other attributes than VARIABLE_VALUE: all of a node go to one path. */
static enum ck_code hold_attributes(struct ck_edit *edit)
{
	for (size_t i = 0; i < edit->n_values; i++) {
		struct ck_edit_value *part = &edit->parts[i];
		if (part->is_variable)
			continue;
		struct ck_edit_node *node = &edit->nodes[edit->values[i].source_node];
		if (node->is_placed && !ck_str_equal(node->path, part->path))
			return parted(edit, i, node->path);
		node->is_placed = true;
		node->path = part->path;
		part->keeps_attribute = true;
		ck_edit_hold(edit, (uint32_t)edit->values[i].source_node, i);
	}
	return CK_OK;
}

/* Variables: of several with one source, the one whose path stays has the node, else the first. */
static enum ck_code hold_variables(struct ck_edit *edit)
{
	uint32_t *holder = ck_arena_array(edit->scratch, edit->n_old, sizeof(*holder));
	if (!holder)
		return CK_NOMEM;
	memset(holder, 0xff, edit->n_old * sizeof(*holder));
	for (size_t i = 0; i < edit->n_values; i++) {
		struct ck_edit_value *part = &edit->parts[i];
		int32_t at = edit->values[i].source_node;
		if (!part->is_variable || at < 0 || edit->values[i].source_attribute < 0)
			continue;
		bool stays = !part->is_slot && (edit->values[i].is_positional || ck_str_equal(part->path, edit->source->names[at]));
		if (holder[at] == CK_NONE || stays)
			holder[at] = (uint32_t)i;
	}
	for (size_t at = 0; at < edit->n_old; at++) {
		if (holder[at] == CK_NONE)
			continue;
		struct ck_edit_value *part = &edit->parts[holder[at]];
		struct ck_edit_node *node = &edit->nodes[at];
		if (node->is_placed && (part->is_slot || !ck_str_equal(node->path, part->path)))
			return parted(edit, holder[at], node->path);
		part->keeps_attribute = true;
		ck_edit_hold(edit, (uint32_t)at, holder[at]);
		node->is_slot = part->is_slot;
		if (part->is_slot || edit->values[holder[at]].is_positional)
			continue;
		node->is_placed = true;
		node->path = part->path;
	}
	return CK_OK;
}

/* Where inner nodes go. */

enum wish { WISH_NONE, WISH_PATH, WISH_MIXED };

struct place {
	enum wish wish;		/* of all below it */
	struct ck_str path;
	enum wish slots_wish;	/* of an optimizer's slots, which counts where nothing else is below */
	struct ck_str slots_path;
	bool is_needed;		/* something below it stays below its old path */
};

static void add_wish(enum wish *wish, struct ck_str *path, enum wish more, struct ck_str more_path)
{
	if (more == WISH_NONE || *wish == WISH_MIXED)
		return;
	if (*wish == WISH_NONE) {
		*wish = more;
		*path = more_path;
	} else if (more == WISH_MIXED || !ck_str_equal(*path, more_path)) {
		*wish = WISH_MIXED;
	}
}

/* Marks the nodes from `at` up whose old path is still above the new path. */
static void mark_needed(const struct ck_edit *edit, struct place *places, int32_t at, struct ck_str path)
{
	for (; at >= 0 && !places[at].is_needed; at = edit->source->parent[at]) {
		struct ck_str name = edit->source->names[at];
		places[at].is_needed = name.n == 0 || (ck_str_starts(path, name) && (path.n == name.n || path.p[name.n] == '/'));
	}
}

/* What a node's wish means for the one above it: "N/segment" becomes "N". */
static void wish_above(const struct ck_edit *edit, struct place *places, uint32_t at)
{
	int32_t above = edit->source->parent[at];
	struct place *place = &places[at];
	if (above < 0 || place->wish == WISH_NONE)
		return;
	struct ck_str name = edit->source->names[at], prefix = edit->source->names[above], path = place->path;
	size_t begin = above == 0 ? 0 : prefix.n + 1;
	if (begin > name.n || !ck_str_starts(name, prefix) || (begin && name.p[prefix.n] != '/'))
		return;		/* its name goes another way than that of the node above */
	struct ck_str segment = ck_str_slice(name, begin, name.n);
	enum wish wish = place->wish;
	struct ck_str wanted = CK_STR("");
	if (wish == WISH_PATH && !ck_str_equal(path, segment)) {
		bool ends = ck_str_ends(path, segment) && path.n > segment.n && path.p[path.n - segment.n - 1] == '/';
		wanted = ck_str_slice(path, 0, ends ? path.n - segment.n - 1 : 0);
		wish = ends ? WISH_PATH : WISH_MIXED;
	}
	add_wish(&places[above].wish, &places[above].path, wish, wanted);
}

static struct place *find_places(struct ck_edit *edit)
{
	const struct ck_graph *source = edit->source;
	struct place *places = ck_arena_array(edit->scratch, edit->n_old, sizeof(*places));
	if (!places)
		return NULL;
	for (size_t i = 0; i < edit->n_values; i++) {
		const struct ck_edit_value *part = &edit->parts[i];
		if (part->is_slot && part->old_optimizer != CK_NONE) {
			struct place *place = &places[part->old_optimizer];
			add_wish(&place->slots_wish, &place->slots_path, WISH_PATH, part->optimizer);
			mark_needed(edit, places, (int32_t)part->old_optimizer, part->optimizer);
		}
		if (edit->values[i].is_positional && part->node != CK_NONE)
			mark_needed(edit, places, (int32_t)part->node, source->names[part->node]);
	}
	for (size_t i = source->n_order; i-- > 0;) {
		uint32_t at = source->order[i];
		const struct ck_edit_node *node = &edit->nodes[at];
		if (places[at].wish == WISH_NONE && !node->is_placed)
			add_wish(&places[at].wish, &places[at].path, places[at].slots_wish, places[at].slots_path);
		if (node->is_placed) {
			add_wish(&places[at].wish, &places[at].path, WISH_PATH, node->path);
			mark_needed(edit, places, source->parent[at], node->path);
		}
		wish_above(edit, places, at);
	}
	return places;
}

static enum ck_code taken(struct ck_edit *edit, size_t value, struct ck_str path)
{
	edit->span = edit->values[value].span;
	return ck_edit_error(edit, CK_BAD_TARGET_NAME, "give one of them another name", "two values would be written to \"%.*s\"",
			     CK_STR_ARG(ck_name_text(edit->diags->arena, path)));
}

/* An inner node whose path another node has: what it leads to goes there, and nothing leads to it by that path. */
static void give_way(struct ck_edit *edit, uint32_t at, uint32_t winner)
{
	struct ck_edit_node *node = &edit->nodes[at];
	if (node->edge != CK_NONE)
		edit->edges[node->edge].is_gone = true;
	node->edge = CK_NONE;
	for (size_t i = edit->first_edge[at]; i < edit->first_edge[at + 1]; i++) {
		edit->edges[i].from = winner;
		edit->edges[i].is_moved = true;
	}
}

static enum ck_code place_inner(struct ck_edit *edit, const struct place *places)
{
	for (size_t i = 0; i < edit->source->n_order; i++) {
		uint32_t at = edit->source->order[i];
		const struct place *place = &places[at];
		struct ck_edit_node *node = &edit->nodes[at];
		bool stays = at == 0 ? place->wish != WISH_PATH : place->wish == WISH_MIXED && place->is_needed;
		size_t winner;
		if (node->is_placed || (place->wish != WISH_PATH && !stays))
			continue;
		struct ck_str path = stays ? edit->source->names[at] : place->path;
		if (ck_map_get(&edit->by_path, path, &winner)) {
			give_way(edit, at, (uint32_t)winner);
			continue;
		}
		node->is_placed = true;
		node->path = path;
		if (!ck_map_put(&edit->by_path, path, at))
			return CK_NOMEM;
	}
	return CK_OK;
}

/* Valued nodes of the source, then inner ones, then values that need new nodes. */
static enum ck_code place_all(struct ck_edit *edit)
{
	size_t there;
	for (size_t i = 0; i < edit->n_values; i++) {
		uint32_t at = edit->parts[i].node;
		if (at == CK_NONE || !edit->nodes[at].is_placed)
			continue;
		if (ck_map_get(&edit->by_path, edit->nodes[at].path, &there) && there != at)
			return taken(edit, i, edit->nodes[at].path);
		if (!ck_map_put(&edit->by_path, edit->nodes[at].path, at))
			return CK_NOMEM;
	}
	const struct place *places = edit->source ? find_places(edit) : NULL;
	if (edit->source && !places)
		return CK_NOMEM;
	enum ck_code code = places ? place_inner(edit, places) : CK_OK;
	if (code)
		return code;
	if (!ck_map_get(&edit->by_path, CK_STR(""), &there)) {
		there = ck_edit_add_node(edit);
		if (there == CK_NONE || !ck_map_put(&edit->by_path, CK_STR(""), there))
			return CK_NOMEM;
		edit->nodes[there].is_placed = true;
	}
	edit->root = (uint32_t)there;
	return CK_OK;
}

static enum ck_code place_new_values(struct ck_edit *edit)
{
	for (size_t i = 0; i < edit->n_values; i++) {
		struct ck_edit_value *part = &edit->parts[i];
		size_t at;
		if (part->node != CK_NONE || part->is_slot)
			continue;
		if (ck_map_get(&edit->by_path, part->path, &at)) {
			if (edit->nodes[at].is_valued && edit->nodes[at].first_value != CK_NONE)
				return taken(edit, i, part->path);
		} else {
			at = ck_edit_add_node(edit);
			if (at == CK_NONE || !ck_map_put(&edit->by_path, part->path, at))
				return CK_NOMEM;
			edit->nodes[at].is_placed = true;
			edit->nodes[at].path = part->path;
		}
		ck_edit_hold(edit, (uint32_t)at, i);
	}
	return CK_OK;
}

static enum ck_code edit_all(struct ck_edit *edit, const struct ck_graph_alias *aliases, size_t n_aliases, struct ck_graph **ret_graph)
{
	edit->parts = ck_arena_array(edit->scratch, edit->n_values, sizeof(*edit->parts));
	if (!edit->parts || !copy_source(edit))
		return CK_NOMEM;
	ck_map_init(&edit->by_path, edit->scratch);
	ck_map_init(&edit->by_edge, edit->scratch);
	if (!ck_map_reserve(&edit->by_path, edit->n_values) || !ck_map_reserve(&edit->by_edge, edit->n_edges))
		return CK_NOMEM;
	enum ck_code code = CK_OK;
	for (size_t i = 0; !code && i < edit->n_values; i++)
		code = read_value(edit, i);
	if (!code)
		code = find_old_slots(edit);
	if (!code)
		code = hold_attributes(edit);
	if (!code)
		code = hold_variables(edit);
	if (!code)
		code = place_all(edit);
	if (!code)
		code = place_new_values(edit);
	if (!code)
		code = ck_edit_place(edit);
	if (!code)
		code = ck_edit_place_slots(edit);
	if (!code)
		code = ck_edit_convert_lists(edit);
	if (!code)
		code = ck_edit_place_aliases(edit, aliases, n_aliases);
	return code ? code : ck_edit_write(edit, ret_graph);
}

enum ck_code ck_graph_edit(const struct ck_graph *graph, struct ck_graph_value *values, size_t n_values,
			   const struct ck_graph_alias *aliases, size_t n_aliases, struct ck_arena *arena, struct ck_diags *diags,
			   struct ck_graph **ret_graph)
{
	struct ck_edit edit = {.source = graph, .values = values, .n_values = n_values, .arena = arena, .diags = diags,
			       .scratch = ck_arena_new(CK_PLAN_LIMIT)};
	enum ck_code code = edit.scratch ? edit_all(&edit, aliases, n_aliases, ret_graph) : CK_NOMEM;
	ck_arena_free(edit.scratch);
	ck_buf_clear(&edit.key);
	return code == CK_NOMEM ? ck_error_nomem(diags) : code;
}
