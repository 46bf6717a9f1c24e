#include "compiler/driver/ls_graph.h"

#include "compiler/driver/json.h"

enum { MAX_INDENT = 60 };	/* levels; a long chain of nodes must not make lines of its length */

struct walk {
	struct ck_driver *driver;
	const struct ck_manifest *manifest;
	const struct ck_graph *graph;
	size_t *first, *next;		/* [n_nodes], [n_variables] values of a node; SIZE_MAX ends them */
	size_t *first_slot, *next_slot;	/* [n_variables] slots of a variable */
	size_t *n_slots;		/* [n_nodes] slots of an optimizer */
	enum ck_convention *convention;	/* [n_nodes] how it stores them */
};

/* A node on the way down, and how many of its children are done. */
struct step {
	uint32_t node;
	size_t n_done;
};

static struct ck_str text_of(ProtobufCBinaryData data)
{
	return (struct ck_str){(const char *)data.data, data.len};
}

/* What a value's key has behind that of its attribute: the keys and values of a table. */
static struct ck_str tail_of(const Ck__Tf__Attribute *attribute, const struct ck_variable *variable)
{
	struct ck_str tail = ck_str_slice(variable->key, attribute->checkpoint_key.len, variable->key.n);
	return tail.n && (tail.p[0] == '-' || tail.p[0] == '_') ? ck_str_slice(tail, 1, tail.n) : tail;
}

/* "m", or "optimizer/m" where two optimizers have one. */
static void put_slot(struct walk *walk, size_t slot)
{
	const struct ck_variable *variable = &walk->manifest->variables[slot];
	struct ck_buf *out = &walk->driver->out;
	ck_buf_char(out, '@');
	if (variable->two_optimizers) {
		ck_buf_name(out, variable->optimizer);
		ck_buf_char(out, '/');
	}
	ck_buf_name(out, variable->slot);
}

static void put_value(struct walk *walk, const Ck__Tf__Attribute *attribute, size_t value)
{
	const struct ck_variable *variable = &walk->manifest->variables[value];
	struct ck_str tail = tail_of(attribute, variable);
	struct ck_buf *out = &walk->driver->out;
	ck_buf_str(out, tail.n ? CK_STR(" ") : CK_STR("  "));
	ck_buf_name(out, tail);
	ck_buf_printf(out, "%s%s", tail.n ? " " : "", ck_dtype_name(variable->dtype));
	ck_buf_shape(out, variable->shape, true);
}

static void put_attribute(struct walk *walk, uint32_t node, size_t number)
{
	const Ck__Tf__Attribute *attribute = walk->graph->message->nodes[node]->attributes[number];
	struct ck_buf *out = &walk->driver->out;
	size_t value = SIZE_MAX;
	if (!ck_str_equal(text_of(attribute->name), CK_STR("VARIABLE_VALUE"))) {
		ck_buf_str(out, CK_STR("  ."));
		ck_buf_name(out, text_of(attribute->name));
	}
	for (size_t i = walk->first[node]; i != SIZE_MAX; i = walk->next[i]) {
		if (walk->manifest->variables[i].attribute != (int32_t)number)
			continue;
		put_value(walk, attribute, i);
		value = i;
	}
	if (attribute->full_name.len) {
		ck_buf_str(out, CK_STR("  full:\""));
		ck_buf_name(out, text_of(attribute->full_name));
		ck_buf_char(out, '"');
	}
	if (value == SIZE_MAX)
		return;
	if (walk->manifest->variables[value].convention != CK_CONVENTION_NONE) {
		ck_buf_str(out, CK_STR("  = "));
		ck_buf_name(out, walk->manifest->variables[value].name);
		put_slot(walk, value);
	}
	for (size_t i = walk->first_slot[value]; i != SIZE_MAX; i = walk->next_slot[i]) {
		ck_buf_str(out, i == walk->first_slot[value] ? CK_STR("  ") : CK_STR(" "));
		put_slot(walk, i);
	}
}

static void put_optimizer(struct walk *walk, uint32_t node)
{
	struct ck_buf *out = &walk->driver->out;
	ck_buf_str(out, CK_STR("  (optimizer"));
	if (walk->n_slots[node]) {
		ck_buf_printf(out, ": %s, ", ck_convention_name(walk->convention[node]));
		ck_buf_count(out, walk->n_slots[node], "slot");
	}
	ck_buf_char(out, ')');
}

/* One line: the name of the edge, and what the node has; or, where its name goes by another edge, that name. */
static void put_node(struct walk *walk, struct ck_str edge, uint32_t node, size_t depth, bool is_named_so)
{
	struct ck_buf *out = &walk->driver->out;
	const Ck__Tf__Node *message = walk->graph->message->nodes[node];
	ck_buf_fill(out, ' ', 2 * (depth < MAX_INDENT ? depth : MAX_INDENT));
	ck_buf_name(out, edge);
	if (!is_named_so) {
		ck_buf_str(out, CK_STR("  -> "));
		ck_buf_name(out, walk->graph->names[node].n ? walk->graph->names[node] : CK_STR("(root)"));
	} else {
		for (size_t i = 0; i < message->n_attributes; i++)
			put_attribute(walk, node, i);
		if (message->registered_saver) {
			ck_buf_str(out, CK_STR("  saver:\""));
			ck_buf_name(out, text_of(message->registered_saver->name));
			ck_buf_char(out, '"');
		}
		if (walk->graph->is_optimizer[node])
			put_optimizer(walk, node);
	}
	ck_buf_char(out, '\n');
}

/* Edges that give nodes their names are a tree, which leads to each node that can be reached; the others are only told. */
static enum ck_code put_tree(struct walk *walk)
{
	const struct ck_graph *graph = walk->graph;
	struct step *steps = NULL;
	size_t n = 0, capacity = 0;
	bool goes_down = true;
	put_node(walk, CK_STR("(root)"), 0, 0, true);
	for (uint32_t next = 0;;) {
		if (goes_down) {
			if (!ck_arena_grow(walk->driver->arena, (void **)&steps, n, &capacity, sizeof(*steps)))
				return ck_error_nomem(&walk->driver->diags);
			steps[n++] = (struct step){next, 0};
		}
		while (n && steps[n - 1].n_done == graph->message->nodes[steps[n - 1].node]->n_children)
			n--;
		if (n == 0)
			return CK_OK;
		uint32_t node = steps[n - 1].node, number = (uint32_t)steps[n - 1].n_done++;
		const Ck__Tf__Child *child = graph->message->nodes[node]->children[number];
		next = (uint32_t)child->node_id;
		goes_down = graph->parent[next] == (int32_t)node && graph->child[next] == number;
		put_node(walk, text_of(child->local_name), next, n, goes_down);
	}
}

static json_t *node_json(struct walk *walk, uint32_t node)
{
	struct ck_buf *out = &walk->driver->out;
	const Ck__Tf__Node *message = walk->graph->message->nodes[node];
	json_t *object = json_object(), *children = json_object(), *attributes = json_array(), *slots = json_array();
	for (size_t i = 0; i < message->n_children; i++) {
		struct ck_str edge = ck_name_text(walk->driver->arena, text_of(message->children[i]->local_name));
		ck_json_put(out, children, edge.p ? edge.p : "", json_integer(message->children[i]->node_id));
	}
	for (size_t i = 0; i < message->n_attributes; i++) {
		json_t *attribute = json_object();
		ck_json_put(out, attribute, "name", ck_json_text(text_of(message->attributes[i]->name)));
		ck_json_put(out, attribute, "full_name", ck_json_text(text_of(message->attributes[i]->full_name)));
		ck_json_put(out, attribute, "key", ck_json_text(text_of(message->attributes[i]->checkpoint_key)));
		ck_json_append(out, attributes, attribute);
	}
	for (size_t i = 0; i < message->n_slot_variables; i++) {
		json_t *slot = json_object();
		ck_json_put(out, slot, "name", ck_json_text(text_of(message->slot_variables[i]->slot_name)));
		ck_json_put(out, slot, "of", json_integer(message->slot_variables[i]->original_variable_node_id));
		ck_json_put(out, slot, "node", json_integer(message->slot_variables[i]->slot_variable_node_id));
		ck_json_append(out, slots, slot);
	}
	ck_json_put(out, object, "node", json_integer(node));
	ck_json_put(out, object, "name", ck_json_text(walk->graph->names[node]));
	ck_json_put(out, object, "children", children);
	ck_json_put(out, object, "attributes", attributes);
	ck_json_put(out, object, "slots", slots);
	if (message->registered_saver)
		ck_json_put(out, object, "registered_saver", ck_json_text(text_of(message->registered_saver->name)));
	return object;
}

/* Slots of a variable by their optimizers, then by their names. */
static void add_slot(struct walk *walk, size_t slot)
{
	const struct ck_variable *variables = walk->manifest->variables;
	size_t *link = &walk->first_slot[variables[slot].owner];
	/* A variable has a few; of more than that the order does not matter. */
	for (size_t i = 0; *link != SIZE_MAX && i < 100; link = &walk->next_slot[*link], i++) {
		int order = ck_str_compare(variables[*link].optimizer, variables[slot].optimizer);
		if (order > 0 || (order == 0 && ck_str_compare(variables[*link].slot, variables[slot].slot) > 0))
			break;
	}
	walk->next_slot[slot] = *link;
	*link = slot;
}

/* Which values a node has, and which slots a variable and an optimizer. */
static bool find_values(struct walk *walk)
{
	const struct ck_manifest *manifest = walk->manifest;
	struct ck_arena *arena = walk->driver->arena;
	size_t n_nodes = walk->graph->message->n_nodes, n = manifest->n_variables, optimizer;
	walk->first = ck_arena_array(arena, n_nodes, sizeof(*walk->first));
	walk->next = ck_arena_array(arena, n + 1, sizeof(*walk->next));
	walk->first_slot = ck_arena_array(arena, n + 1, sizeof(*walk->first_slot));
	walk->next_slot = ck_arena_array(arena, n + 1, sizeof(*walk->next_slot));
	walk->n_slots = ck_arena_array(arena, n_nodes, sizeof(*walk->n_slots));
	walk->convention = ck_arena_array(arena, n_nodes, sizeof(*walk->convention));
	if (ck_arena_failed(arena))
		return false;
	for (size_t i = 0; i < n_nodes; i++)
		walk->first[i] = SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		walk->first_slot[i] = SIZE_MAX;
	for (size_t i = n; i-- > 0;) {
		const struct ck_variable *variable = &manifest->variables[i];
		if (variable->node >= 0) {
			walk->next[i] = walk->first[variable->node];
			walk->first[variable->node] = i;
		}
		if (variable->convention == CK_CONVENTION_NONE)
			continue;
		add_slot(walk, i);
		if (ck_map_get(&walk->graph->by_name, variable->optimizer, &optimizer)) {
			walk->n_slots[optimizer]++;
			walk->convention[optimizer] = variable->convention;
		}
	}
	return true;
}

enum ck_code ck_ls_graph(struct ck_driver *driver, const struct ck_manifest *manifest)
{
	struct ck_str path = ck_name_text(driver->arena, manifest->path);
	if (driver->options.n_operands > 1) {
		ck_usage_error(&driver->diags, CK_COMMAND_ls, "--graph shows all of the object graph and takes no PATTERN");
		return CK_USAGE;
	}
	if (!manifest->graph) {
		struct ck_diag *diag = ck_error(&driver->diags, CK_NEEDS_GRAPH, (struct ck_span){0},
						manifest->object_based ? "the object graph of \"%.*s\" is not at hand"
								       : "\"%.*s\" has no object graph: its variables are named by their keys",
						CK_STR_ARG(path));
		if (manifest->object_based)
			ck_diag_help(&driver->diags, diag, "it is a tensor in a data file; put the data files beside the index");
		return CK_NEEDS_GRAPH;
	}
	size_t n_nodes = manifest->graph->message->n_nodes;
	struct walk walk = {.driver = driver, .manifest = manifest, .graph = manifest->graph};
	if (!find_values(&walk))
		return ck_error_nomem(&driver->diags);
	if (!driver->json)
		return put_tree(&walk);
	json_t *nodes = json_array();
	for (size_t i = 0; i < n_nodes; i++)
		ck_json_append(&driver->out, nodes, node_json(&walk, (uint32_t)i));
	ck_json_print(&driver->out, nodes);
	return CK_OK;
}
