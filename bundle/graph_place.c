/* Editing an object graph: edges that make the nodes' places true, new nodes on the way, slots and aliases. */
#include "bundle/graph_edit.h"

#include <string.h>

/* The key of by_edge: the node's number, then the local name. */
static struct ck_str edge_key(struct ck_edit *edit, uint32_t from, struct ck_str local)
{
	edit->key.n = 0;
	ck_buf_bytes(&edit->key, &from, sizeof(from));
	ck_buf_str(&edit->key, local);
	return ck_buf_view(&edit->key);
}

/* The edge that is there, or CK_NONE. */
static uint32_t find_edge(struct ck_edit *edit, uint32_t from, struct ck_str local)
{
	size_t edge;
	if (!ck_map_get(&edit->by_edge, edge_key(edit, from, local), &edge) || edit->edges[edge].is_gone)
		return CK_NONE;
	return (uint32_t)edge;
}

static bool register_edge(struct ck_edit *edit, size_t edge)
{
	struct ck_str key = edge_key(edit, edit->edges[edge].from, edit->edges[edge].local);
	key = edit->key.failed ? (struct ck_str){0} : ck_str_copy(edit->scratch, key);
	return key.p && ck_map_put(&edit->by_edge, key, edge);
}

uint32_t ck_edit_add_edge(struct ck_edit *edit, uint32_t from, struct ck_str local, uint32_t to)
{
	if (edit->n_edges >= INT32_MAX || !ck_arena_grow(edit->scratch, (void **)&edit->edges, edit->n_edges, &edit->edges_capacity,
							 sizeof(*edit->edges)))
		return CK_NONE;
	edit->edges[edit->n_edges++] = (struct ck_edit_edge){.from = from, .to = to, .local = local};
	return register_edge(edit, edit->n_edges - 1) ? (uint32_t)(edit->n_edges - 1) : CK_NONE;
}

bool ck_edit_rename_edge(struct ck_edit *edit, uint32_t edge, struct ck_str local)
{
	edit->edges[edge].local = local;
	return register_edge(edit, edge);
}

/* The local name of a segment of a path. */
static enum ck_code unescape(struct ck_edit *edit, struct ck_str path, struct ck_str segment, struct ck_str *ret_local)
{
	char *text = ck_arena_alloc(edit->arena, segment.n + 1);
	if (!text)
		return CK_NOMEM;
	ret_local->p = text;
	if (ck_segment_unescape(segment, text, &ret_local->n))
		return CK_OK;
	struct ck_arena *arena = edit->diags->arena;
	if (ck_str_equal(segment, CK_STR(".ATTRIBUTES")))
		return ck_edit_error(edit, CK_BAD_TARGET_NAME, "leave off what follows the name, such as /.ATTRIBUTES/VARIABLE_VALUE: it is put back on writing",
				     "\"%.*s\" is a key, not a name", CK_STR_ARG(ck_name_text(arena, path)));
	struct ck_diag *diag = ck_error(edit->diags, CK_BAD_TARGET_NAME, edit->span, "\"%.*s\" is no path in an object graph: a \".\" is "
					"written \"..\" there, and a \"/\" inside a name \".S\"", CK_STR_ARG(ck_name_text(arena, path)));
	char *right = ck_arena_alloc(arena, 2 * segment.n + 1);
	if (right) {
		struct ck_str escaped = {right, (size_t)(ck_segment_escape(segment, right) - right)};
		ck_diag_help(edit->diags, diag, "write \"%.*s\" instead of \"%.*s\"", CK_STR_ARG(ck_name_text(arena, escaped)),
			     CK_STR_ARG(ck_name_text(arena, segment)));
	}
	return CK_BAD_TARGET_NAME;
}

/* Objects have no children without a name: a slash too many. Where the source has such a node below another, it stays. */
static enum ck_code refuse_empty(const struct ck_edit *edit, struct ck_str path)
{
	struct ck_arena *arena = edit->diags->arena;
	struct ck_diag *diag = ck_error(edit->diags, CK_BAD_TARGET_NAME, edit->span, "\"%.*s\" has an empty segment, for which an object graph has no place",
					CK_STR_ARG(ck_name_text(arena, path)));
	char *without = ck_arena_alloc(arena, path.n + 1);
	size_t n = 0;
	for (size_t i = 0; without && i < path.n; i++) {
		if (path.p[i] != '/' || (n && without[n - 1] != '/'))
			without[n++] = path.p[i];
	}
	n -= n && without[n - 1] == '/';
	if (n)
		ck_diag_help(edit->diags, diag, "write \"%.*s\"", CK_STR_ARG(ck_name_text(arena, (struct ck_str){without, n})));
	else
		ck_diag_help(edit->diags, diag, "write a name");
	return CK_BAD_TARGET_NAME;
}

/* A variable that went: nothing is to be found through it. */
static bool is_dropped(const struct ck_edit *edit, uint32_t at)
{
	const Ck__Tf__Node *old = ck_edit_old(edit, at);
	return old && old->n_attributes && !edit->nodes[at].is_valued && !edit->nodes[at].is_placed;
}

/* The node one segment below `from`, made if it is not there. `path` is that node's. */
static enum ck_code step(struct ck_edit *edit, uint32_t from, struct ck_str path, struct ck_str segment, uint32_t *ret_to)
{
	struct ck_str local;
	enum ck_code code = unescape(edit, path, segment, &local);
	if (code)
		return code;
	uint32_t edge = find_edge(edit, from, local);
	if (edge != CK_NONE && !is_dropped(edit, edit->edges[edge].to)) {
		*ret_to = edit->edges[edge].to;
		return CK_OK;
	}
	if (edge != CK_NONE)
		edit->edges[edge].is_gone = true;
	uint32_t to = ck_edit_add_node(edit);
	edge = to == CK_NONE ? CK_NONE : ck_edit_add_edge(edit, from, local, to);
	if (edge == CK_NONE)
		return CK_NOMEM;
	edit->nodes[to].is_placed = edit->nodes[to].is_attached = true;
	edit->nodes[to].path = path;
	edit->nodes[to].edge = edge;
	*ret_to = to;
	return CK_OK;
}

/* The node at a path, which name begins with, made with all above it if need be. The path is kept. */
static enum ck_code node_at(struct ck_edit *edit, struct ck_str name, struct ck_str path, uint32_t *ret_node)
{
	size_t n = path.n, there, depth = 0;
	while (!ck_map_get(&edit->by_path, ck_str_slice(path, 0, n), &there)) {
		size_t slash = ck_str_rfind(ck_str_slice(path, 0, n), '/');
		n = slash == n ? 0 : slash;
		if (n == 0) {
			there = edit->root;
			break;
		}
	}
	/* A path that begins with a slash has an empty first segment. */
	size_t begin = n == 0 ? 0 : n + 1;
	for (uint32_t at = (uint32_t)there; ; depth++) {
		if (n == path.n) {
			*ret_node = at;
			return CK_OK;
		}
		if (depth > CK_MAX_GRAPH_DEPTH)
			return ck_edit_error(edit, CK_BAD_TARGET_NAME, "shorten the name", "a name of more than %d segments", CK_MAX_GRAPH_DEPTH);
		struct ck_str rest = ck_str_slice(path, begin, path.n);
		struct ck_str segment = ck_str_slice(rest, 0, ck_str_find(rest, '/'));
		if (segment.n == 0 && find_edge(edit, at, segment) == CK_NONE)
			return refuse_empty(edit, name);
		n = begin + segment.n;
		begin = n + 1;
		enum ck_code code = step(edit, at, ck_str_slice(path, 0, n), segment, &at);
		if (code)
			return code;
		if (n && !ck_map_put(&edit->by_path, ck_str_slice(path, 0, n), at))
			return CK_NOMEM;
	}
}

/* The node above a path's last segment, and that one's local name. */
static enum ck_code parent_at(struct ck_edit *edit, struct ck_str path, uint32_t *ret_parent, struct ck_str *ret_local)
{
	size_t slash = ck_str_rfind(path, '/');
	bool at_root = slash == path.n;
	if (path.n > CK_MAX_NAME)
		return ck_edit_error(edit, CK_BAD_TARGET_NAME, "shorten the name", "a name of %zu bytes; at most %d can be written", path.n, CK_MAX_NAME);
	enum ck_code code = unescape(edit, path, at_root ? path : ck_str_slice(path, slash + 1, path.n), ret_local);
	if (code)
		return code;
	/* A child of the root without a name would have the root's path. */
	if (slash == 0 && !at_root)
		return refuse_empty(edit, path);
	return node_at(edit, path, ck_str_slice(path, 0, at_root ? 0 : slash), ret_parent);
}

/* Lets an edge lead to a placed node by its path. */
static enum ck_code attach(struct ck_edit *edit, uint32_t at)
{
	uint32_t parent = CK_NONE, own = edit->nodes[at].edge;
	struct ck_str local = {0}, path = edit->nodes[at].path;
	edit->span = edit->nodes[at].first_value == CK_NONE ? (struct ck_span){0} : edit->values[edit->nodes[at].first_value].span;
	enum ck_code code = parent_at(edit, path, &parent, &local);
	if (code)
		return code;
	edit->nodes[at].is_attached = true;
	uint32_t there = find_edge(edit, parent, local);
	if (there != CK_NONE && edit->edges[there].to == at) {
		edit->nodes[at].edge = there;
		return CK_OK;
	}
	if (there != CK_NONE) {
		const struct ck_edit_node *other = &edit->nodes[edit->edges[there].to];
		if (other->is_attached && other->edge == there)
			return ck_edit_error(edit, CK_BAD_TARGET_NAME, "give one of them another name", "\"%.*s\" and \"%.*s\" are two paths to one place in the object graph",
					     CK_STR_ARG(ck_name_text(edit->diags->arena, path)),
					     CK_STR_ARG(ck_name_text(edit->diags->arena, other->path)));
		edit->edges[there].is_gone = true;
	}
	if (local.n == 0 && (own == CK_NONE || edit->edges[own].local.n != 0))
		return refuse_empty(edit, path);
	if (own != CK_NONE && edit->edges[own].from == parent) {
		edit->edges[own].local = local;
		edit->edges[own].is_gone = false;
		return register_edge(edit, own) ? CK_OK : CK_NOMEM;
	}
	edit->nodes[at].edge = ck_edit_add_edge(edit, parent, local, at);
	return edit->nodes[at].edge == CK_NONE ? CK_NOMEM : CK_OK;
}

/* Edges that stay where they are; those that a node brings with it have second place. */
static bool register_edges(struct ck_edit *edit)
{
	for (int moved = 0; moved < 2; moved++) {
		for (size_t i = 0; i < edit->n_edges; i++) {
			struct ck_edit_edge *edge = &edit->edges[i];
			if (edge->is_gone || edge->is_moved != (moved == 1))
				continue;
			bool is_there = find_edge(edit, edge->from, edge->local) != CK_NONE;
			if (is_there)
				edge->is_gone = edge->is_moved;
			else if (!register_edge(edit, i))
				return false;
		}
	}
	return true;
}

enum ck_code ck_edit_place(struct ck_edit *edit)
{
	for (size_t i = 0; i < edit->n_old; i++) {
		if (edit->nodes[i].is_placed && edit->nodes[i].edge != CK_NONE)
			edit->edges[edit->nodes[i].edge].is_gone = true;
	}
	if (!register_edges(edit))
		return CK_NOMEM;
	/* Nodes from the root on, then those that nothing led to, then new ones; step() adds more, which are attached. */
	size_t n_nodes = edit->n_nodes, n_order = edit->source ? edit->source->n_order : 0;
	for (size_t i = 0; i < n_order + n_nodes; i++) {
		uint32_t at = i < n_order ? edit->source->order[i] : (uint32_t)(i - n_order);
		const struct ck_edit_node *node = &edit->nodes[at];
		if (!node->is_placed || node->is_attached || at == edit->root)
			continue;
		enum ck_code code = attach(edit, at);
		if (code)
			return code;
	}
	return CK_OK;
}

/* Slots. */

/* What a Keras optimizer with positional slots has and a legacy one has not. */
static const struct ck_str optimizer_lists[] = {
	CK_STR("_variables"), CK_STR("_trainable_variables"), CK_STR("_trainable_variables_indices"), CK_STR("_index_dict"),
	CK_STR("_momentums"), CK_STR("_velocities"), CK_STR("_velocity_hats"), CK_STR("momentums"), CK_STR("_accumulators"),
	CK_STR("_linears"), CK_STR("_accumulated_grads"), CK_STR("_accumulated_delta_vars"), CK_STR("_average_gradients"), CK_STR("_m"),
	CK_STR("_u"), CK_STR("_r"), CK_STR("_c"), CK_STR("_v"), CK_STR("adam_velocities"), CK_STR("_accumulated_gradients"),
	CK_STR("_model_variables_moving_average"),
};

static void take_out_lists(struct ck_edit *edit, uint32_t optimizer)
{
	for (size_t i = edit->first_edge[optimizer]; i < edit->first_edge[optimizer + 1]; i++) {
		for (size_t k = 0; k < CK_COUNT(optimizer_lists); k++) {
			if (ck_str_equal(edit->edges[i].local, optimizer_lists[k]) && !edit->nodes[edit->edges[i].to].is_placed)
				edit->edges[i].is_gone = true;
		}
	}
}

/* Takes out the lists of the optimizers that have node `at` in one of them. */
static void take_out_of_lists(struct ck_edit *edit, bool *seen, uint32_t at)
{
	const struct ck_graph *source = edit->source;
	for (size_t i = source->first_in[at]; i < source->first_in[at + 1]; i++) {
		uint32_t list = source->in[i].from;
		if (seen[list])
			continue;
		seen[list] = true;
		for (size_t k = source->first_in[list]; k < source->first_in[list + 1]; k++) {
			uint32_t optimizer = source->in[k].from;
			if (source->is_optimizer[optimizer] && !seen[optimizer]) {
				seen[optimizer] = true;
				take_out_lists(edit, optimizer);
			}
		}
	}
}

static enum ck_code find_optimizer(struct ck_edit *edit, const struct ck_edit_value *part, uint32_t *ret_node)
{
	uint32_t old = part->old_optimizer;
	size_t at;
	/* A slot that is new may name its optimizer by the old path too. */
	if (old == CK_NONE && edit->source && !ck_map_get(&edit->by_path, part->optimizer, &at) &&
	    ck_map_get(&edit->source->by_name, part->optimizer, &at) && edit->source->is_optimizer[at])
		old = (uint32_t)at;
	if (old != CK_NONE) {
		const struct ck_edit_node *node = &edit->nodes[old];
		bool is_there = old == edit->root || node->is_placed || node->edge != CK_NONE;
		if (is_there && (ck_str_equal(part->optimizer, edit->source->names[old]) ||
				 (node->is_placed && ck_str_equal(part->optimizer, node->path)))) {
			*ret_node = old;
			return CK_OK;
		}
	}
	return node_at(edit, part->optimizer, part->optimizer, ret_node);
}

static enum ck_code find_owner(struct ck_edit *edit, size_t i)
{
	struct ck_edit_value *part = &edit->parts[i];
	size_t at;
	if (part->owner_path.p) {
		if (!ck_map_get(&edit->by_path, part->owner_path, &at) || edit->nodes[at].first_value == CK_NONE)
			return ck_edit_error(edit, CK_BAD_TARGET_NAME, "make that variable too, or drop the slot", "\"%.*s\" belongs to \"%.*s\", which is no variable of the result",
					     CK_STR_ARG(ck_name_text(edit->diags->arena, part->path)),
					     CK_STR_ARG(ck_name_text(edit->diags->arena, part->owner_path)));
		part->owner_node = (uint32_t)at;
		return CK_OK;
	}
	CK_ASSERT(edit->values[i].owner < edit->n_values && !edit->values[edit->values[i].owner].is_slot);
	part->owner_node = edit->parts[edit->values[i].owner].node;
	return CK_OK;
}

enum ck_code ck_edit_place_slots(struct ck_edit *edit)
{
	bool *seen = ck_arena_array(edit->scratch, edit->n_old, sizeof(*seen));
	if (!seen)
		return CK_NOMEM;
	for (size_t i = 0; i < edit->n_values; i++) {
		struct ck_edit_value *part = &edit->parts[i];
		if (edit->values[i].leaves_list)
			take_out_of_lists(edit, seen, (uint32_t)edit->values[i].source_node);
		if (!part->is_slot)
			continue;
		edit->span = edit->values[i].span;
		if (part->node == CK_NONE) {
			uint32_t node = ck_edit_add_node(edit);
			if (node == CK_NONE)
				return CK_NOMEM;
			ck_edit_hold(edit, node, i);
			edit->nodes[node].is_slot = true;
		}
		enum ck_code code = find_owner(edit, i);
		if (!code)
			code = find_optimizer(edit, part, &part->optimizer_node);
		if (code)
			return code;
	}
	return CK_OK;
}

/* Aliases. */

/* The node that a path leads to now, or CK_NONE. */
static enum ck_code look(struct ck_edit *edit, struct ck_str path, uint32_t *ret_node)
{
	size_t there;
	uint32_t at = edit->root;
	if (ck_map_get(&edit->by_path, path, &there)) {
		*ret_node = (uint32_t)there;
		return CK_OK;
	}
	for (size_t begin = 0; at != CK_NONE && begin <= path.n;) {
		struct ck_str local, rest = ck_str_slice(path, begin, path.n);
		struct ck_str segment = ck_str_slice(rest, 0, ck_str_find(rest, '/'));
		enum ck_code code = unescape(edit, path, segment, &local);
		if (code)
			return code;
		uint32_t edge = find_edge(edit, at, local);
		at = edge == CK_NONE ? CK_NONE : edit->edges[edge].to;
		begin += segment.n + 1;
	}
	*ret_node = at;
	return CK_OK;
}

static enum ck_code place_alias(struct ck_edit *edit, const struct ck_graph_alias *alias, const bool *leads, size_t n_leads)
{
	struct ck_arena *arena = edit->diags->arena;
	struct ck_str path = ck_name_text(arena, alias->path), target = ck_name_text(arena, alias->target), local = {0};
	uint32_t to, parent = CK_NONE;
	edit->span = alias->span;
	if (alias->path.n == 0)
		return ck_edit_error(edit, CK_BAD_TARGET_NAME, "write the second path", "an alias of \"%.*s\" cannot have the empty name", CK_STR_ARG(target));
	enum ck_code code = look(edit, alias->target, &to);
	if (code)
		return code;
	if (to == CK_NONE || edit->nodes[to].first_value == CK_NONE) {
		struct ck_suggest suggest;
		ck_suggest_init(&suggest, alias->target);
		for (size_t i = 0; i < edit->n_values; i++) {
			if (edit->parts[i].is_variable && !edit->parts[i].is_slot && !edit->values[i].is_positional)
				ck_suggest_offer(&suggest, edit->parts[i].path);
		}
		struct ck_diag *diag = ck_error(edit->diags, CK_BAD_TARGET_NAME, edit->span, "alias \"%.*s\": the result has no "
						"variable \"%.*s\"", CK_STR_ARG(path), CK_STR_ARG(target));
		ck_suggest_help(&suggest, edit->diags, diag, "\"");
		return CK_BAD_TARGET_NAME;
	}
	code = parent_at(edit, alias->path, &parent, &local);
	if (code)
		return code;
	uint32_t edge = find_edge(edit, parent, local);
	if (edge != CK_NONE && edit->edges[edge].to == to)
		return CK_OK;
	if (local.n == 0)
		return refuse_empty(edit, alias->path);
	if (edge != CK_NONE) {
		uint32_t other = edit->edges[edge].to;
		if (other >= n_leads || leads[other])
			return ck_edit_error(edit, CK_BAD_TARGET_NAME, "choose a path that nothing has, or drop or rename what has it",
					     "alias \"%.*s\" of \"%.*s\": that path leads to another variable, or to what holds some", CK_STR_ARG(path), CK_STR_ARG(target));
		edit->edges[edge].is_gone = true;
	}
	return ck_edit_add_edge(edit, parent, local, to) == CK_NONE || !ck_map_put(&edit->by_path, alias->path, to) ? CK_NOMEM : CK_OK;
}

enum ck_code ck_edit_place_aliases(struct ck_edit *edit, const struct ck_graph_alias *aliases, size_t n_aliases)
{
	size_t n_leads = edit->n_nodes;
	const bool *leads = n_aliases ? ck_edit_leads(edit, CK_SEED_VALUES_AND_SLOTS) : NULL;
	if (n_aliases && !leads)
		return CK_NOMEM;
	for (size_t i = 0; i < n_aliases; i++) {
		enum ck_code code = place_alias(edit, &aliases[i], leads, n_leads);
		if (code)
			return code;
	}
	return CK_OK;
}
