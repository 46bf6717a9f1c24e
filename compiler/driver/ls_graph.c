#include "compiler/driver/ls_graph.h"

#include "compiler/driver/json.h"

enum { MAX_INDENT = 60 };	/* levels; a long chain of nodes must not make lines of its length */

struct walk {
	struct ck_driver *driver;
	const struct ck_manifest *manifest;
	const struct ck_graph *graph;
	bool *is_printed;		/* [n_nodes] */
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

static void put_attribute(struct walk *walk, const Ck__Tf__Attribute *attribute)
{
	struct ck_buf *out = &walk->driver->out;
	size_t number;
	if (!ck_str_equal(text_of(attribute->name), CK_STR("VARIABLE_VALUE"))) {
		ck_buf_str(out, CK_STR("  ."));
		ck_buf_name(out, text_of(attribute->name));
	}
	if (ck_map_get(&walk->manifest->by_key, text_of(attribute->checkpoint_key), &number)) {
		const struct ck_variable *variable = &walk->manifest->variables[number];
		ck_buf_printf(out, "  %s", ck_dtype_name(variable->dtype));
		ck_buf_shape(out, variable->shape, true);
	}
	if (attribute->full_name.len) {
		ck_buf_str(out, CK_STR("  full:\""));
		ck_buf_name(out, text_of(attribute->full_name));
		ck_buf_char(out, '"');
	}
}

/* One line: the name of the edge, and what the node has; or where it was printed. */
static void put_node(struct walk *walk, struct ck_str edge, uint32_t node, size_t depth)
{
	struct ck_buf *out = &walk->driver->out;
	const Ck__Tf__Node *message = walk->graph->message->nodes[node];
	ck_buf_fill(out, ' ', 2 * (depth < MAX_INDENT ? depth : MAX_INDENT));
	ck_buf_name(out, edge);
	if (walk->is_printed[node]) {
		ck_buf_str(out, CK_STR("  -> "));
		ck_buf_name(out, walk->graph->names[node].n ? walk->graph->names[node] : CK_STR("(root)"));
	} else {
		for (size_t i = 0; i < message->n_attributes; i++)
			put_attribute(walk, message->attributes[i]);
		if (walk->graph->is_optimizer[node])
			ck_buf_str(out, CK_STR("  optimizer"));
		if (message->n_slot_variables) {
			ck_buf_str(out, CK_STR(", "));
			ck_buf_count(out, message->n_slot_variables, "slot");
		}
	}
	ck_buf_char(out, '\n');
}

static enum ck_code put_tree(struct walk *walk)
{
	struct step *steps = NULL;
	size_t n = 0, capacity = 0;
	put_node(walk, CK_STR("(root)"), 0, 0);
	for (uint32_t next = 0;;) {
		/* Go down into `next` unless its children were printed before. */
		if (!walk->is_printed[next]) {
			walk->is_printed[next] = true;
			if (!ck_arena_grow(walk->driver->arena, (void **)&steps, n, &capacity, sizeof(*steps)))
				return ck_error_nomem(&walk->driver->diags);
			steps[n++] = (struct step){next, 0};
		}
		while (n && steps[n - 1].n_done == walk->graph->message->nodes[steps[n - 1].node]->n_children)
			n--;
		if (n == 0)
			return CK_OK;
		const Ck__Tf__Child *child = walk->graph->message->nodes[steps[n - 1].node]->children[steps[n - 1].n_done++];
		next = (uint32_t)child->node_id;
		put_node(walk, text_of(child->local_name), next, n);
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
	return object;
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
	struct walk walk = {driver, manifest, manifest->graph, ck_arena_array(driver->arena, n_nodes, sizeof(bool))};
	if (!walk.is_printed)
		return ck_error_nomem(&driver->diags);
	if (!driver->json)
		return put_tree(&walk);
	json_t *nodes = json_array();
	for (size_t i = 0; i < n_nodes; i++)
		ck_json_append(&driver->out, nodes, node_json(&walk, (uint32_t)i));
	ck_json_print(&driver->out, nodes);
	return CK_OK;
}
