/* Object graphs of real checkpoints: names, paths, round trips; damaged ones; ones that want too much. */
#include "bundle/graph.h"

#include "bundle/data.h"
#include "tests/unit/bundle_test.h"

TestSuite(bundle_graph, .init = set_up, .fini = tear_down);

static struct ck_str text_of(ProtobufCBinaryData bytes)
{
	return (struct ck_str){(const char *)bytes.data, bytes.len};
}

/* The bytes of a checkpoint's graph. */
static struct ck_str graph_bytes(const char *path)
{
	struct ck_manifest *manifest;
	struct ck_data *data;
	struct ck_str *strings;
	size_t at, n;
	cr_assert_eq(ck_manifest_open(ck_str(path), &diags, &manifest), CK_OK, "%s: %s", path, diags_text());
	cr_assert_eq(ck_data_open(manifest, &diags, &data), CK_OK);
	cr_assert(ck_map_get(&manifest->by_key, CK_STR(CK_GRAPH_KEY), &at), "%s", path);
	cr_assert_eq(ck_data_strings(data, &manifest->variables[at], arena, &diags, &strings, &n), CK_OK);
	struct ck_str bytes = ck_str_copy(arena, strings[0]);
	ck_data_close(data);
	ck_manifest_free(manifest);
	return bytes;
}

static struct ck_graph *open_graph(const char *path)
{
	struct ck_graph *graph;
	cr_assert_eq(ck_graph_decode(graph_bytes(path), arena, &diags, &graph), CK_OK, "%s: %s", path, diags_text());
	return graph;
}

/* A graph of n_nodes nodes; the caller adds edges. */
static Ck__Tf__ObjectGraph *new_message(size_t n_nodes)
{
	Ck__Tf__ObjectGraph *message = ck_arena_alloc(arena, sizeof(*message));
	ck__tf__object_graph__init(message);
	message->n_nodes = n_nodes;
	message->nodes = ck_arena_array(arena, n_nodes, sizeof(*message->nodes));
	for (size_t i = 0; i < n_nodes; i++) {
		message->nodes[i] = ck_arena_alloc(arena, sizeof(Ck__Tf__Node));
		ck__tf__node__init(message->nodes[i]);
	}
	return message;
}

static void add_child(Ck__Tf__ObjectGraph *message, size_t from, const char *name, size_t to)
{
	Ck__Tf__Node *node = message->nodes[from];
	Ck__Tf__Child **children = ck_arena_array(arena, node->n_children + 1, sizeof(*children));
	for (size_t i = 0; i < node->n_children; i++)
		children[i] = node->children[i];
	children[node->n_children] = ck_arena_alloc(arena, sizeof(Ck__Tf__Child));
	ck__tf__child__init(children[node->n_children]);
	children[node->n_children]->node_id = (int32_t)to;
	struct ck_str copy = ck_str_copy(arena, ck_str(name));
	children[node->n_children]->local_name = (ProtobufCBinaryData){.len = copy.n, .data = (uint8_t *)copy.p};
	node->children = children;
	node->n_children++;
}

static struct ck_graph *index_graph(Ck__Tf__ObjectGraph *message)
{
	struct ck_graph *graph = ck_arena_alloc(arena, sizeof(*graph));
	*graph = (struct ck_graph){.message = message, .arena = arena};
	cr_assert_eq(ck_graph_index(graph, &diags), CK_OK, "%s", diags_text());
	return graph;
}

static const char *paths_of(const struct ck_graph *graph, uint32_t node, size_t limit, bool *ret_more)
{
	struct ck_str *paths, all = CK_STR("");
	size_t n;
	cr_assert_eq(ck_graph_paths(graph, node, limit, arena, &paths, &n, ret_more), CK_OK);
	for (size_t i = 0; i < n; i++)
		all = ck_str_format(arena, "%.*s%s%.*s", CK_STR_ARG(all), i ? " " : "", CK_STR_ARG(paths[i]));
	return all.p;
}

/*
 * In all of them the name of a node is its key, or, where TensorFlow's key leads through an optimizer's list, a path that does
 * not; each is found by its name and by its key; and encoding gives back the bytes.
 */
Test(bundle_graph, real_graphs)
{
	static const struct {
		const char *path;
		size_t n_nodes, n_other_names;
		bool has_other_order;	/* an older writer put fields in another order */
	} rows[] = {
		{"tests/data/tf2_checkpoint/checkpoint_linear-1", 11, 0, false},
		{"tests/data/tf2_checkpoint/checkpoint_dense-1", 18, 0, false},
		{"tests/data/tf2_keras3/adam-1", 35, 4, false},
		{"tests/data/tf2_keras3/compiled-1", 36, 4, false},
		{"tests/data/tf2_keras211/adam_ema-1", 29, 0, false},
		{"tests/data/tf2_legacy_adam/adam-1", 23, 0, false},
		{"tests/data/tf2_module/written", 41, 0, false},
		{"tests/data/tf2_module/rooted", 40, 0, false},
		{"tests/data/tf2_save_weights/functional", 18, 0, false},
		{"tests/data/tf2_tables/model", 10, 0, false},
		{"tests/data/tf2_sharded_variable/model", 4, 0, false},
		{"tests/data/savedmodel", 8, 0, false},
		{"public/serving_half_plus_two_tf2", 24, 0, true},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_graph *graph;
		struct ck_buf again = {0};
		if (!fixture(rows[i].path))
			continue;
		struct ck_str bytes = graph_bytes(fixture(rows[i].path));
		cr_assert_eq(ck_graph_decode(bytes, arena, &diags, &graph), CK_OK, "%s: %s", rows[i].path, diags_text());
		ck_graph_encode(graph, &again);
		cr_expect_eq(again.n, bytes.n, "%s: %zu bytes", rows[i].path, again.n);
		cr_expect_eq(!ck_str_equal(ck_buf_view(&again), bytes), rows[i].has_other_order, "%s: other bytes", rows[i].path);
		ck_buf_clear(&again);
		cr_expect_eq(graph->message->n_nodes, rows[i].n_nodes, "%s has %zu nodes", rows[i].path, graph->message->n_nodes);
		size_t n_other = 0;
		for (size_t k = 0; k < graph->message->n_nodes; k++) {
			const Ck__Tf__Node *node = graph->message->nodes[k];
			if (node->n_attributes == 0 || !graph->reachable[k])
				continue;
			struct ck_str key = text_of(node->attributes[0]->checkpoint_key), name = graph->names[k];
			struct ck_str key_path = ck_str_slice(key, 0, (size_t)((char *)memmem(key.p, key.n, "/.ATTRIBUTES/", 13) - key.p));
			cr_expect_eq(ck_graph_find(graph, name), (int32_t)k, "%s: %.*s", rows[i].path, CK_STR_ARG(name));
			cr_expect_eq(ck_graph_find(graph, key_path), (int32_t)k, "%s: %.*s", rows[i].path, CK_STR_ARG(key_path));
			n_other += !ck_str_equal(name, key_path);
		}
		cr_expect_eq(n_other, rows[i].n_other_names, "%s: %zu other names", rows[i].path, n_other);
	}
}

/* Weights that an optimizer keys have the model's names; optimizers are known by either sign. */
Test(bundle_graph, names_avoid_optimizers)
{
	struct ck_graph *graph = open_graph("tests/data/tf2_keras3/adam-1");
	int32_t kernel = ck_graph_find(graph, CK_STR("optimizer/_trainable_variables/0"));
	cr_assert_eq(kernel, 28);
	cr_expect(ck_str_equal(graph->names[kernel], CK_STR("model/_functional/_operations/1/_kernel")));
	cr_expect(graph->is_optimizer[2] && !graph->is_optimizer[1]);
	cr_expect(ck_str_equal(graph->names[20], CK_STR("optimizer/_variables/2")));
	cr_expect(ck_str_equal(graph->names[8], CK_STR("optimizer/_iterations")));
	bool more;
	cr_expect_str_eq(paths_of(graph, 28, 10, &more), "optimizer/_trainable_variables/0 model/_functional/_operations/1/_kernel");
	cr_expect_not(more);
	cr_expect_str_eq(paths_of(graph, 20, 10, &more), "optimizer/_variables/2 optimizer/_momentums/0");
	graph = open_graph("tests/data/tf2_legacy_adam/adam-1");
	cr_expect(graph->is_optimizer[2] && !graph->reachable[15] && graph->names[15].n == 0);
	cr_expect_eq(ck_graph_find(graph, CK_STR("model/layer-1/bias")), 14);
	cr_expect_eq(ck_graph_find(graph, CK_STR("model/layer-2/bias")), -1);
	cr_expect_eq(ck_graph_find(graph, CK_STR("")), 0);
	cr_expect_str_eq(paths_of(graph, 14, 1, &more), "model/layer_with_weights-1/bias");
	cr_expect(more);
}

/* A node behind one of two optimizers, which are one in the other, has the shortest path of all, not one through names. */
Test(bundle_graph, nested_optimizers)
{
	Ck__Tf__ObjectGraph *message = new_message(8);
	add_child(message, 0, "outer", 1);
	add_child(message, 0, "a", 2);
	add_child(message, 2, "b", 3);
	add_child(message, 3, "inner", 4);
	add_child(message, 1, "in", 4);
	add_child(message, 1, "_variables", 5);
	add_child(message, 1, "_iterations", 6);
	add_child(message, 4, "_variables", 5);
	add_child(message, 4, "_iterations", 7);
	const struct ck_graph *graph = index_graph(message);
	cr_expect(ck_str_equal(graph->names[4], CK_STR("a/b/inner")));
	cr_expect(ck_str_equal(graph->names[7], CK_STR("outer/in/_iterations")), "%.*s", CK_STR_ARG(graph->names[7]));
	cr_expect(ck_str_equal(graph->names[5], CK_STR("outer/_variables")));
}

/* 40 diamonds in a row have 2^40 paths; a cycle through the root has one. */
Test(bundle_graph, paths_are_bounded)
{
	Ck__Tf__ObjectGraph *message = new_message(121);
	for (size_t i = 0; i < 40; i++) {
		add_child(message, 3 * i, "l", 3 * i + 1);
		add_child(message, 3 * i, "r", 3 * i + 2);
		add_child(message, 3 * i + 1, "x", 3 * i + 3);
		add_child(message, 3 * i + 2, "x", 3 * i + 3);
	}
	bool more;
	struct ck_graph *graph = index_graph(message);
	cr_expect_str_eq(paths_of(graph, 6, 10, &more), "l/x/l/x l/x/r/x r/x/l/x r/x/r/x");
	cr_expect_not(more);
	(void)paths_of(graph, 120, 10, &more);
	cr_expect(more);
	graph = open_graph("tests/data/tf2_module/rooted");
	cr_expect_str_eq(paths_of(graph, 5, 10, &more), "embedding lm_head blocks/1/tied");
	cr_expect_not(more);
	cr_expect_str_eq(paths_of(graph, 0, 10, &more), "");
	cr_expect_eq(ck_graph_find(graph, CK_STR("root/root/embedding")), 5);
}

Test(bundle_graph, damaged_graphs)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{"graph_child_out_of_range", "has node id 99, and there are 6 nodes"},
		{"graph_child_negative", "has node id -1, and there are 6 nodes"},
		{"graph_slot_out_of_range", "the variable of slot \"m\" of node 2 has node id 99, and there are 6 nodes"},
		{"graph_not_protobuf", "are no TrackableObjectGraph message"},
		{"graph_cut_short", "are no TrackableObjectGraph message"},
		{"graph_without_nodes", "it has no nodes, not even a root"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_manifest *manifest;
		cr_expect_eq(ck_manifest_open(ck_str_format(arena, "tests/data/corrupt/%s/x", rows[i].name), &diags, &manifest), CK_BAD_GRAPH,
			     "%s", rows[i].name);
		const char *text = diags_text();
		cr_expect(strstr(text, rows[i].text), "%s: %s", rows[i].name, text);
	}
	const struct ck_graph *graph = open_graph("tests/data/corrupt/graph_cycle/x");
	cr_expect_gt(graph->n_order, 0);
}

/* Every prefix and every flipped bit of a graph is read or refused. */
Test(bundle_graph, any_bytes)
{
	struct ck_str bytes = graph_bytes("tests/data/tf2_legacy_adam/sgd_momentum-1");
	char *copy = ck_arena_alloc(arena, bytes.n);
	size_t n_read = 0;
	for (size_t i = 0; i < bytes.n; i++) {
		for (int bit = 0; bit < 9; bit++) {
			struct ck_arena *own = ck_arena_new((size_t)1 << 20);
			struct ck_graph *graph;
			memcpy(copy, bytes.p, bytes.n);
			copy[i] = (char)(copy[i] ^ (bit < 8 ? 1 << bit : 0));
			struct ck_str view = {copy, bit < 8 ? bytes.n : i};
			n_read += ck_graph_decode(view, own, &diags, &graph) == CK_OK;
			ck_arena_free(own);
		}
	}
	cr_expect(n_read > 0 && n_read < 9 * bytes.n);
}

Test(bundle_graph, limits)
{
	struct ck_graph *graph = ck_arena_alloc(arena, sizeof(*graph));
	graph->arena = arena;
	graph->message = new_message(CK_MAX_GRAPH_DEPTH + 2);
	for (size_t i = 0; i <= CK_MAX_GRAPH_DEPTH; i++)
		add_child(graph->message, i, "x", i + 1);
	cr_expect_eq(ck_graph_index(graph, &diags), CK_BAD_GRAPH);
	cr_expect(strstr(diags_text(), "lies 1001 edges below the root"));
	struct ck_arena *small = ck_arena_new(1000);
	struct ck_graph *none;
	cr_expect_eq(ck_graph_decode(graph_bytes("tests/data/tf2_keras3/adam-1"), small, &diags, &none), CK_NOMEM);
	ck_arena_free(small);
}

static struct ck_str name_at(const struct ck_graph *graph, const char *path)
{
	int32_t node = ck_graph_find(graph, ck_str(path));
	cr_assert_geq(node, 0, "%s", path);
	return graph->names[node];
}

/* A node is named by the path that is wanted, and what lies below it through it; the rest, and what leads nowhere, stays as it is. */
Test(bundle_graph, names_that_are_wanted)
{
	static const struct ck_str wanted[] = {CK_STR("model/layer-0/kernel"), CK_STR("model/nowhere/x"), CK_STR("model/layer_with_weights-0/bias")};
	struct ck_graph *graph = open_graph("tests/data/tf2_legacy_adam/adam-1");
	size_t n_order = graph->n_order;
	cr_assert_str_eq(name_at(graph, "model/layer-0/kernel").p, "model/layer_with_weights-0/kernel");
	cr_assert_eq(ck_graph_prefer(graph, wanted, 2, &diags), CK_OK);
	cr_assert_str_eq(name_at(graph, "model/layer_with_weights-0/kernel").p, "model/layer-0/kernel");
	cr_assert_str_eq(name_at(graph, "model/layer_with_weights-0/bias").p, "model/layer-0/bias");
	cr_assert_str_eq(name_at(graph, "model/layer-1/kernel").p, "model/layer_with_weights-1/kernel");
	cr_assert_eq(graph->n_order, n_order);
	for (size_t i = 0; i < graph->n_order; i++) {
		uint32_t at = graph->order[i];
		if (graph->parent[at] >= 0)
			cr_assert(ck_str_starts(graph->names[at], graph->names[graph->parent[at]]), "%s", graph->names[at].p);
	}
	/* The first that leads to a node has it. */
	cr_assert_eq(ck_graph_prefer(graph, wanted, 3, &diags), CK_OK);
	cr_assert_str_eq(name_at(graph, "model/layer_with_weights-0/bias").p, "model/layer-0/bias");
}
