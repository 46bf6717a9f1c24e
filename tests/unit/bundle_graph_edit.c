/* Object graphs as they are edited. Whole ones are compared by tests/prop and tests/interop; here are those that nobody writes. */
#include "bundle/graph.h"

#include "tests/unit/bundle_test.h"

TestSuite(bundle_graph_edit, .init = set_up, .fini = tear_down);

static ProtobufCBinaryData bytes_of(const char *text)
{
	return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
}

/* The root, a child of it, and a variable below that. */
static struct ck_graph *chain(const char *first, const char *second, const char *key)
{
	Ck__Tf__ObjectGraph *message = ck_arena_alloc(arena, sizeof(*message));
	ck__tf__object_graph__init(message);
	message->n_nodes = 3;
	message->nodes = ck_arena_array(arena, 3, sizeof(*message->nodes));
	for (size_t i = 0; i < 3; i++) {
		message->nodes[i] = ck_arena_alloc(arena, sizeof(**message->nodes));
		ck__tf__node__init(message->nodes[i]);
	}
	for (int i = 0; i < 2; i++) {
		Ck__Tf__Node *node = message->nodes[i];
		node->children = ck_arena_array(arena, 1, sizeof(*node->children));
		node->children[0] = ck_arena_alloc(arena, sizeof(**node->children));
		ck__tf__child__init(node->children[0]);
		node->children[0]->node_id = i + 1;
		node->children[0]->local_name = bytes_of(i ? second : first);
		node->n_children = 1;
	}
	Ck__Tf__Attribute *attribute = ck_arena_alloc(arena, sizeof(*attribute));
	ck__tf__attribute__init(attribute);
	attribute->name = bytes_of("VARIABLE_VALUE");
	attribute->checkpoint_key = bytes_of(key);
	message->nodes[2]->attributes = ck_arena_array(arena, 1, sizeof(*message->nodes[2]->attributes));
	message->nodes[2]->attributes[0] = attribute;
	message->nodes[2]->n_attributes = 1;
	struct ck_graph *graph = ck_arena_alloc(arena, sizeof(*graph));
	*graph = (struct ck_graph){.message = message, .arena = arena};
	cr_assert_eq(ck_graph_index(graph, &diags), CK_OK, "%s", diags_text());
	return graph;
}

/* A child without a name is an empty segment: kept where there is one and its path is not the root's, and never made. */
Test(bundle_graph_edit, empty_segments)
{
	static const struct {
		const char *first, *second, *name, *path;
		bool fits;
	} rows[] = {
		{"a", "", "a/", "a/", true},
		{"a", "", "a/", "b/", true},
		{"a", "", "a/", "b", true},
		{"", "a", "/a", "a", true},
		{"", "a", "/a", "/a", false},
		{"", "", "/", "/", false},
		{"a", "b", "a/b", "a/", false},
		{"a", "b", "a/b", "/b", false},
		{"a", "b", "a/b", "a//b", false},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		const char *key = ck_str_format(arena, "%s%s", rows[i].name, CK_ATTRIBUTE_SUFFIX).p;
		struct ck_graph *graph = chain(rows[i].first, rows[i].second, key), *made;
		struct ck_graph_value value = {.path = ck_str(rows[i].path), .source_node = 2};
		cr_expect(ck_str_equal(graph->names[2], ck_str(rows[i].name)), "row %zu", i);
		enum ck_code code = ck_graph_edit(graph, &value, 1, NULL, 0, arena, &diags, &made);
		cr_assert_eq(code, rows[i].fits ? CK_OK : CK_BAD_TARGET_NAME, "row %zu: %s", i, diags_text());
		if (code)
			continue;
		cr_expect(ck_str_equal(value.key, ck_str_format(arena, "%s%s", rows[i].path, CK_ATTRIBUTE_SUFFIX)), "row %zu: %.*s", i, CK_STR_ARG(value.key));
		cr_expect(ck_graph_find(made, ck_str(rows[i].path)) > 0, "row %zu", i);
	}
}
