/* Object graphs: decoding, names, paths. Editing is in graph_edit.c. */
#include "bundle/graph.h"

#include <stdlib.h>
#include <string.h>

static struct ck_str text_of(ProtobufCBinaryData bytes)
{
	return (struct ck_str){(const char *)bytes.data, bytes.len};
}

/* Segments of paths. Source: escape_local_name() in tensorflow/python/trackable/trackable_utils.py. */

size_t ck_segment_escaped_length(struct ck_str local_name)
{
	size_t n = local_name.n;
	for (size_t i = 0; i < local_name.n; i++)
		n += local_name.p[i] == '.' || local_name.p[i] == '/';
	return n;
}

char *ck_segment_escape(struct ck_str local_name, char *to)
{
	for (size_t i = 0; i < local_name.n; i++) {
		char c = local_name.p[i];
		if (c == '.' || c == '/')
			*to++ = '.';
		*to++ = c == '/' ? 'S' : c;
	}
	return to;
}

bool ck_segment_unescape(struct ck_str segment, char *to, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < segment.n; i++) {
		char c = segment.p[i];
		if (c == '.') {
			if (++i == segment.n || (segment.p[i] != '.' && segment.p[i] != 'S'))
				return false;
			c = segment.p[i] == 'S' ? '/' : '.';
		}
		to[n++] = c;
	}
	*ret_n = n;
	return true;
}

static bool segment_is(struct ck_str segment, struct ck_str local_name)
{
	size_t at = 0;
	for (size_t i = 0; i < local_name.n; i++) {
		char c = local_name.p[i];
		if (c == '.' || c == '/') {
			if (at == segment.n || segment.p[at++] != '.')
				return false;
		}
		if (at == segment.n || segment.p[at++] != (c == '/' ? 'S' : c))
			return false;
	}
	return at == segment.n;
}

/* Decoding. */

static void *arena_take(void *arena, size_t n_bytes)
{
	return ck_arena_alloc(arena, n_bytes);
}

static void arena_leave(void *arena, void *pointer)
{
	(void)arena;
	(void)pointer;
}

CK_PRINTF(2, 3) static enum ck_code bad_graph(struct ck_diags *diags, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_str what = ck_str_vformat(diags->arena, format, args);
	va_end(args);
	struct ck_diag *diag = ck_error(diags, CK_BAD_GRAPH, (struct ck_span){0}, "the object graph is damaged: %.*s", CK_STR_ARG(what));
	ck_diag_help(diags, diag, "take another copy of the checkpoint, or save it again");
	return CK_BAD_GRAPH;
}

static bool id_in_range(int32_t id, size_t n_nodes)
{
	return id >= 0 && (size_t)id < n_nodes;
}

static enum ck_code check_node(const struct ck_graph *graph, size_t at, struct ck_diags *diags)
{
	const Ck__Tf__Node *node = graph->message->nodes[at];
	size_t n_nodes = graph->message->n_nodes;
	for (size_t i = 0; i < node->n_children; i++) {
		int32_t id = node->children[i]->node_id;
		if (!id_in_range(id, n_nodes))
			return bad_graph(diags, "child \"%.*s\" of node %zu has node id %d, and there are %zu nodes",
					 CK_STR_ARG(ck_name_text(diags->arena, text_of(node->children[i]->local_name))), at, id, n_nodes);
	}
	for (size_t i = 0; i < node->n_slot_variables; i++) {
		const Ck__Tf__SlotVariable *slot = node->slot_variables[i];
		bool bad_original = !id_in_range(slot->original_variable_node_id, n_nodes);
		if (bad_original || !id_in_range(slot->slot_variable_node_id, n_nodes))
			return bad_graph(diags, "the %s of slot \"%.*s\" of node %zu has node id %d, and there are %zu nodes",
					 bad_original ? "owner" : "variable",
					 CK_STR_ARG(ck_name_text(diags->arena, text_of(slot->slot_name))), at,
					 bad_original ? slot->original_variable_node_id : slot->slot_variable_node_id, n_nodes);
	}
	return CK_OK;
}

enum ck_code ck_graph_decode(struct ck_str bytes, struct ck_arena *arena, struct ck_diags *diags, struct ck_graph **ret_graph)
{
	ProtobufCAllocator allocator = {.alloc = arena_take, .free = arena_leave, .allocator_data = arena};
	struct ck_graph *graph = ck_arena_alloc(arena, sizeof(*graph));
	if (!graph)
		return ck_error_nomem(diags);
	graph->arena = arena;
	graph->message = ck__tf__object_graph__unpack(&allocator, bytes.n, (const uint8_t *)bytes.p);
	if (ck_arena_failed(arena))
		return ck_error_nomem(diags);
	if (!graph->message)
		return bad_graph(diags, "its %zu bytes are no TrackableObjectGraph message", bytes.n);
	enum ck_code code = ck_graph_index(graph, diags);
	if (!code)
		*ret_graph = graph;
	return code;
}

void ck_graph_encode(const struct ck_graph *graph, struct ck_buf *out)
{
	size_t begin = out->n, n = ck__tf__object_graph__get_packed_size(graph->message);
	ck_buf_fill(out, 0, n);
	if (!out->failed)
		ck__tf__object_graph__pack(graph->message, (uint8_t *)out->p + begin);
}

/* Names. */

static bool has_child(const Ck__Tf__Node *node, struct ck_str name)
{
	for (size_t i = 0; i < node->n_children; i++) {
		if (ck_str_equal(text_of(node->children[i]->local_name), name))
			return true;
	}
	return false;
}

/* A breadth-first walk. */
struct walk {
	uint32_t *queue;
	size_t n;
	int32_t *parent;
	uint32_t *child, *depth;
	bool *seen;
};

static bool walk_init(struct walk *walk, struct ck_arena *arena, size_t n_nodes)
{
	walk->queue = ck_arena_array(arena, n_nodes, sizeof(*walk->queue));
	walk->parent = ck_arena_array(arena, n_nodes, sizeof(*walk->parent));
	walk->child = ck_arena_array(arena, n_nodes, sizeof(*walk->child));
	walk->depth = ck_arena_array(arena, n_nodes, sizeof(*walk->depth));
	walk->seen = ck_arena_array(arena, n_nodes, sizeof(*walk->seen));
	return !ck_arena_failed(arena);
}

/* Visits what the root reaches; with stop_at_optimizers not what lies behind one. */
static void walk_run(struct walk *walk, const struct ck_graph *graph, bool stop_at_optimizers)
{
	walk->queue[walk->n++] = 0;
	walk->parent[0] = -1;
	walk->seen[0] = true;
	for (size_t i = 0; i < walk->n; i++) {
		uint32_t at = walk->queue[i];
		const Ck__Tf__Node *node = graph->message->nodes[at];
		if (stop_at_optimizers && graph->is_optimizer[at])
			continue;
		for (size_t k = 0; k < node->n_children; k++) {
			uint32_t to = (uint32_t)node->children[k]->node_id;
			if (walk->seen[to])
				continue;
			walk->seen[to] = true;
			walk->parent[to] = (int32_t)at;
			walk->child[to] = (uint32_t)k;
			walk->depth[to] = walk->depth[at] + 1;
			walk->queue[walk->n++] = to;
		}
	}
}

/* "above/segment" in arena; no slash at the root. */
static struct ck_str join_segment(struct ck_arena *arena, struct ck_str above, bool at_root, struct ck_str local_name)
{
	size_t n = above.n + !at_root + ck_segment_escaped_length(local_name);
	char *text = ck_arena_alloc(arena, n + 1);
	if (!text)
		return (struct ck_str){0};
	if (above.n)
		memcpy(text, above.p, above.n);
	char *end = text + above.n;
	if (!at_root)
		*end++ = '/';
	ck_segment_escape(local_name, end);
	return (struct ck_str){text, n};
}

/*
 * Names along one walk. `names` may be the other walk's for its own nodes: a node behind two optimizers, one in the other, may
 * have a path through a shorter way to the inner one than that one's name.
 */
static enum ck_code name_nodes(const struct ck_graph *graph, const struct walk *walk, struct ck_str *names, struct ck_diags *diags)
{
	for (size_t i = 0; i < walk->n; i++) {
		uint32_t at = walk->queue[i];
		if (walk->parent[at] < 0) {
			names[at] = CK_STR("");
			continue;
		}
		size_t above = (size_t)walk->parent[at];
		names[at] = join_segment(graph->arena, names[above], above == 0,
					 text_of(graph->message->nodes[above]->children[walk->child[at]]->local_name));
		if (!names[at].p)
			return ck_error_nomem(diags);
		if (walk->depth[at] > CK_MAX_GRAPH_DEPTH || names[at].n > CK_MAX_NAME)
			return bad_graph(diags, "node %u lies %u edges below the root, under a name of %zu bytes; at most %d and %d are read",
					 at, walk->depth[at], names[at].n, CK_MAX_GRAPH_DEPTH, CK_MAX_NAME);
	}
	return CK_OK;
}

static enum ck_code index_names(struct ck_graph *graph, struct ck_diags *diags)
{
	ck_map_init(&graph->by_name, graph->arena);
	if (!ck_map_reserve(&graph->by_name, graph->n_order))
		return ck_error_nomem(diags);
	for (size_t i = 0; i < graph->n_order; i++) {
		size_t there;
		if (!ck_map_get(&graph->by_name, graph->names[graph->order[i]], &there) &&
		    !ck_map_put(&graph->by_name, graph->names[graph->order[i]], graph->order[i]))
			return ck_error_nomem(diags);
	}
	return CK_OK;
}

static enum ck_code find_names(struct ck_graph *graph, struct ck_diags *diags)
{
	size_t n_nodes = graph->message->n_nodes;
	struct ck_arena *arena = graph->arena;
	struct walk near = {0}, all = {0};
	struct ck_str *long_names = ck_arena_array(arena, n_nodes, sizeof(*long_names));
	graph->names = ck_arena_array(arena, n_nodes, sizeof(*graph->names));
	if (!walk_init(&near, arena, n_nodes) || !walk_init(&all, arena, n_nodes))
		return ck_error_nomem(diags);
	walk_run(&near, graph, true);
	walk_run(&all, graph, false);
	enum ck_code code = name_nodes(graph, &near, graph->names, diags);
	if (!code && near.n < all.n)
		code = name_nodes(graph, &all, long_names, diags);
	if (code)
		return code;
	graph->reachable = all.seen;
	graph->order = near.queue;
	graph->n_order = near.n;
	graph->parent = near.parent;
	graph->child = near.child;
	for (size_t i = 0; i < n_nodes; i++) {
		if (!near.seen[i])
			graph->parent[i] = -1;
	}
	for (size_t i = 0; i < all.n; i++) {
		uint32_t at = all.queue[i];
		if (near.seen[at])
			continue;
		graph->names[at] = long_names[at];
		graph->order[graph->n_order++] = at;
		graph->parent[at] = all.parent[at];
		graph->child[at] = all.child[at];
	}
	return index_names(graph, diags);
}

static bool index_edges(struct ck_graph *graph)
{
	size_t n_nodes = graph->message->n_nodes, n_edges = 0;
	size_t *first = ck_arena_array(graph->arena, n_nodes + 2, sizeof(*first));
	for (size_t i = 0; first && i < n_nodes; i++) {
		const Ck__Tf__Node *node = graph->message->nodes[i];
		n_edges += node->n_children;
		for (size_t k = 0; k < node->n_children; k++)
			first[node->children[k]->node_id + 2]++;
	}
	graph->in = ck_arena_array(graph->arena, n_edges, sizeof(*graph->in));
	if (!first || !graph->in)
		return false;
	for (size_t i = 2; i < n_nodes + 2; i++)
		first[i] += first[i - 1];
	for (size_t i = 0; i < n_nodes; i++) {
		const Ck__Tf__Node *node = graph->message->nodes[i];
		for (size_t k = 0; k < node->n_children; k++)
			graph->in[first[node->children[k]->node_id + 1]++] = (struct ck_graph_edge){(uint32_t)i, (uint32_t)k};
	}
	graph->first_in = first;
	return true;
}

/* Keras names the step count in two ways; an optimizer that has lost it still has the list that no other object has. */
static bool is_optimizer(const Ck__Tf__Node *node)
{
	return node->n_slot_variables > 0 ||
	       (has_child(node, CK_STR("_variables")) && (has_child(node, CK_STR("_iterations")) || has_child(node, CK_STR("iterations")) ||
							   has_child(node, CK_STR("_trainable_variables_indices"))));
}

enum ck_code ck_graph_index(struct ck_graph *graph, struct ck_diags *diags)
{
	size_t n_nodes = graph->message->n_nodes;
	if (n_nodes == 0)
		return bad_graph(diags, "it has no nodes, not even a root");
	if (n_nodes > INT32_MAX)
		return bad_graph(diags, "it has %zu nodes", n_nodes);
	graph->is_optimizer = ck_arena_array(graph->arena, n_nodes, sizeof(*graph->is_optimizer));
	if (!graph->is_optimizer)
		return ck_error_nomem(diags);
	for (size_t i = 0; i < n_nodes; i++) {
		enum ck_code code = check_node(graph, i, diags);
		if (code)
			return code;
		const Ck__Tf__Node *node = graph->message->nodes[i];
		graph->is_optimizer[i] = is_optimizer(node);
	}
	enum ck_code code = find_names(graph, diags);
	return !code && !index_edges(graph) ? ck_error_nomem(diags) : code;
}

/* Paths. */

/* A path from `node` on: its edge number `child` leads to the node of `next`. */
struct tail {
	const struct tail *next;
	struct tail *queued;	/* the one after this in the queue */
	uint32_t node, child, length;
};

static bool passes(const struct tail *tail, uint32_t node)
{
	for (; tail; tail = tail->next) {
		if (tail->node == node)
			return true;
	}
	return false;
}

/* Shorter ones first, then by the stored order of children from the root on. */
static int compare_tails(const void *a, const void *b)
{
	const struct tail *x = *(const struct tail *const *)a, *y = *(const struct tail *const *)b;
	if (x->length != y->length)
		return x->length < y->length ? -1 : 1;
	for (; x && y; x = x->next, y = y->next) {
		if (x->child != y->child)
			return x->child < y->child ? -1 : 1;
	}
	return 0;
}

static struct ck_str write_path(const struct ck_graph *graph, const struct tail *tail, struct ck_arena *arena)
{
	size_t n = 0;
	for (const struct tail *t = tail; t->next; t = t->next)
		n += 1 + ck_segment_escaped_length(text_of(graph->message->nodes[t->node]->children[t->child]->local_name));
	char *text = ck_arena_alloc(arena, n + 1), *end = text;
	if (!text)
		return (struct ck_str){0};
	for (const struct tail *t = tail; t->next; t = t->next) {
		if (t != tail)
			*end++ = '/';
		end = ck_segment_escape(text_of(graph->message->nodes[t->node]->children[t->child]->local_name), end);
	}
	*end = '\0';
	return (struct ck_str){text, (size_t)(end - text)};
}

/*
 * All tails that begin at the root, searched backwards from the node: of reachable nodes every one has the root above it, so
 * hardly a step is lost. The number of steps is bounded too, since graphs with many diamonds have exponentially many paths.
 */
static bool find_tails(const struct ck_graph *graph, uint32_t node, size_t limit, struct ck_arena *scratch, const struct tail **found,
		       size_t *ret_n, bool *ret_more)
{
	size_t steps_left = limit > SIZE_MAX / 64 - 4096 ? SIZE_MAX : 64 * limit + 4096;
	struct tail *first = ck_arena_alloc(scratch, sizeof(*first)), *last = first;
	if (!first)
		return false;
	first->node = node;
	for (const struct tail *at = first; at; at = at->queued) {
		if (at->node == 0) {
			*ret_more = *ret_n == limit;
			if (*ret_more)
				return true;
			found[(*ret_n)++] = at;
			continue;
		}
		for (size_t i = graph->first_in[at->node]; i < graph->first_in[at->node + 1]; i++) {
			struct ck_graph_edge edge = graph->in[i];
			if (!graph->reachable[edge.from] || passes(at, edge.from))
				continue;
			if (steps_left-- == 0 || at->length == CK_MAX_GRAPH_DEPTH) {
				*ret_more = true;
				return true;
			}
			struct tail *tail = ck_arena_alloc(scratch, sizeof(*tail));
			if (!tail)
				return false;
			*tail = (struct tail){.next = at, .node = edge.from, .child = edge.child, .length = at->length + 1};
			last->queued = tail;
			last = tail;
		}
	}
	return true;
}

enum ck_code ck_graph_paths(const struct ck_graph *graph, uint32_t node, size_t limit, struct ck_arena *arena,
			    struct ck_str **ret_paths, size_t *ret_n_paths, bool *ret_more)
{
	*ret_n_paths = 0;
	*ret_more = false;
	*ret_paths = NULL;
	if (node >= graph->message->n_nodes || !graph->reachable[node] || limit == 0)
		return CK_OK;
	struct ck_arena *scratch = ck_arena_new(SIZE_MAX);
	const struct tail **found = scratch ? ck_arena_array(scratch, limit, sizeof(*found)) : NULL;
	size_t n = 0;
	enum ck_code code = CK_NOMEM;
	if (!found || !find_tails(graph, node, limit, scratch, found, &n, ret_more))
		goto done;
	qsort(found, n, sizeof(struct tail *), compare_tails);
	*ret_paths = ck_arena_array(arena, n, sizeof(**ret_paths));
	for (size_t i = 0; *ret_paths && i < n; i++)
		(*ret_paths)[i] = write_path(graph, found[i], arena);
	if (ck_arena_failed(arena))
		goto done;
	*ret_n_paths = n;
	code = CK_OK;
done:
	ck_arena_free(scratch);
	return code;
}

/* Number of the child that a segment names; SIZE_MAX: none. */
static size_t find_child(const Ck__Tf__Node *node, struct ck_str segment)
{
	for (size_t i = 0; i < node->n_children; i++) {
		if (segment_is(segment, text_of(node->children[i]->local_name)))
			return i;
	}
	return SIZE_MAX;
}

int32_t ck_graph_find(const struct ck_graph *graph, struct ck_str path)
{
	size_t there;
	if (ck_map_get(&graph->by_name, path, &there))
		return (int32_t)there;
	int32_t at = path.n ? 0 : -1;
	for (size_t begin = 0; at >= 0 && begin <= path.n;) {
		struct ck_str rest = ck_str_slice(path, begin, path.n);
		struct ck_str segment = ck_str_slice(rest, 0, ck_str_find(rest, '/'));
		const Ck__Tf__Node *node = graph->message->nodes[at];
		size_t child = find_child(node, segment);
		at = child == SIZE_MAX ? -1 : node->children[child]->node_id;
		begin += segment.n + 1;
	}
	return at;
}

/* Other names. */

/* Leads the names of a path's nodes along it, as far as none of them is led another way. */
static void lead(struct ck_graph *graph, struct ck_str path, bool *is_led)
{
	size_t at = 0;
	for (size_t begin = 0; begin <= path.n;) {
		struct ck_str rest = ck_str_slice(path, begin, path.n);
		struct ck_str segment = ck_str_slice(rest, 0, ck_str_find(rest, '/'));
		const Ck__Tf__Node *node = graph->message->nodes[at];
		size_t child = find_child(node, segment);
		if (child == SIZE_MAX)
			return;
		size_t to = (size_t)node->children[child]->node_id;
		if (to == 0 || (is_led[to] && (graph->parent[to] != (int32_t)at || graph->child[to] != child)))
			return;
		is_led[to] = true;
		graph->parent[to] = (int32_t)at;
		graph->child[to] = (uint32_t)child;
		at = to;
		begin += segment.n + 1;
	}
}

/* Brings order, names and by_name in line with the edges that names go through, which are a tree. */
static enum ck_code name_again(struct ck_graph *graph, struct ck_diags *diags)
{
	size_t n_nodes = graph->message->n_nodes, n = 0;
	struct walk walk = {0};
	size_t *first = ck_arena_array(graph->arena, n_nodes + 1, sizeof(*first));	/* 1 + the last node below each, and so on by next */
	size_t *next = ck_arena_array(graph->arena, n_nodes + 1, sizeof(*next));
	if (!walk_init(&walk, graph->arena, n_nodes) || !first || !next)
		return ck_error_nomem(diags);
	for (size_t i = graph->n_order; i-- > 0;) {
		size_t at = graph->order[i];
		if (graph->parent[at] < 0)
			continue;
		next[at] = first[graph->parent[at]];
		first[graph->parent[at]] = at + 1;
	}
	walk.queue[n++] = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t below = first[walk.queue[i]]; below; below = next[below - 1]) {
			walk.queue[n++] = (uint32_t)(below - 1);
			walk.depth[below - 1] = walk.depth[walk.queue[i]] + 1;
		}
	}
	CK_ASSERT(n == graph->n_order);
	walk.n = n;
	walk.parent = graph->parent;
	walk.child = graph->child;
	graph->order = walk.queue;
	enum ck_code code = name_nodes(graph, &walk, graph->names, diags);
	return code ? code : index_names(graph, diags);
}

enum ck_code ck_graph_prefer(struct ck_graph *graph, const struct ck_str *paths, size_t n, struct ck_diags *diags)
{
	bool *is_led = ck_arena_array(graph->arena, graph->message->n_nodes, sizeof(*is_led)), any = false;
	if (!is_led)
		return ck_error_nomem(diags);
	for (size_t i = 0; i < n; i++) {
		size_t there;
		any = any || !ck_map_get(&graph->by_name, paths[i], &there);
	}
	/* Those that are names already come first in any case, so that they stay. */
	for (size_t i = 0; i < n && any; i++) {
		size_t there;
		if (ck_map_get(&graph->by_name, paths[i], &there))
			lead(graph, paths[i], is_led);
	}
	for (size_t i = 0; i < n && any; i++)
		lead(graph, paths[i], is_led);
	return any ? name_again(graph, diags) : CK_OK;
}
