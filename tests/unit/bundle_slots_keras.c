/* Slots by position whose variables are told by full names: in Keras 3 where lists are empty, in Keras 2, and where names are not unique. */
#include "bundle/manifest.h"

#include <stdlib.h>

#include "tests/unit/bundle_test.h"

TestSuite(bundle_slots_keras, .init = set_up, .fini = tear_down);

/* A node at a path. full NULL: it holds no variable. same: an element of a list that is the node there. */
struct row {
	const char *path, *full;
	uint64_t size;
	const char *same;
};

enum { MAX_NODES = 80, MAX_CHILDREN = 24 };

static Ck__Tf__Node nodes[MAX_NODES], *pointers[MAX_NODES];
static Ck__Tf__Attribute attributes[MAX_NODES], *attribute_of[MAX_NODES];
static Ck__Tf__Child children[MAX_NODES][MAX_CHILDREN], *child_of[MAX_NODES][MAX_CHILDREN];
static size_t n_nodes;

static uint32_t new_node(void)
{
	cr_assert_lt(n_nodes, MAX_NODES);
	ck__tf__node__init(&nodes[n_nodes]);
	nodes[n_nodes].children = child_of[n_nodes];
	pointers[n_nodes] = &nodes[n_nodes];
	return (uint32_t)n_nodes++;
}

/* The node at a path, made if it is not there; or `to` is put there. */
static uint32_t node_at(const char *path, int64_t to)
{
	uint32_t at = 0;
	for (const char *begin = path; *begin;) {
		size_t n = strcspn(begin, "/");
		bool is_last = begin[n] == '\0';
		size_t i = 0;
		while (i < nodes[at].n_children && (nodes[at].children[i]->local_name.len != n || memcmp(nodes[at].children[i]->local_name.data, begin, n)))
			i++;
		if (i == nodes[at].n_children) {
			Ck__Tf__Child *child = &children[at][nodes[at].n_children++];
			cr_assert_lt(i, MAX_CHILDREN);
			ck__tf__child__init(child);
			child_of[at][i] = child;
			child->local_name = (ProtobufCBinaryData){.len = n, .data = (uint8_t *)(uintptr_t)begin};
			child->node_id = (int32_t)(is_last && to >= 0 ? to : new_node());
		}
		at = (uint32_t)nodes[at].children[i]->node_id;
		begin += n + !is_last;
	}
	return at;
}

static struct ck_manifest *make(const struct row *rows, size_t n)
{
	struct ck_manifest *manifest = ck_arena_alloc(arena, sizeof(*manifest));
	struct ck_graph *graph = ck_arena_alloc(arena, sizeof(*graph));
	Ck__Tf__ObjectGraph *message = ck_arena_alloc(arena, sizeof(*message));
	n_nodes = 0;
	new_node();
	*manifest = (struct ck_manifest){.arena = arena, .graph = graph, .object_based = true,
					 .variables = ck_arena_array(arena, n, sizeof(*manifest->variables))};
	for (size_t i = 0; i < n; i++) {
		uint32_t at = node_at(rows[i].path, rows[i].same ? (int64_t)node_at(rows[i].same, -1) : -1);
		if (!rows[i].full)
			continue;
		ck__tf__attribute__init(&attributes[at]);
		attribute_of[at] = &attributes[at];
		nodes[at].attributes = &attribute_of[at];
		nodes[at].n_attributes = 1;
		uint64_t *dims = ck_arena_array(arena, 1, sizeof(*dims));
		dims[0] = rows[i].size;
		manifest->variables[manifest->n_variables++] = (struct ck_variable){
			.key = ck_str_format(arena, "%s%s", rows[i].path, CK_ATTRIBUTE_SUFFIX), .node = (int32_t)at, .dtype = CK_DT_F32,
			.full_name = ck_str(rows[i].full), .shape = {1, dims}};
	}
	ck__tf__object_graph__init(message);
	message->n_nodes = n_nodes;
	message->nodes = pointers;
	*graph = (struct ck_graph){.message = message, .arena = arena};
	cr_assert_eq(ck_graph_index(graph, &diags), CK_OK, "%s", diags_text());
	ck_map_init(&manifest->by_key, arena);
	for (size_t i = 0; i < manifest->n_variables; i++) {
		manifest->variables[i].name = graph->names[manifest->variables[i].node];
		cr_assert(ck_map_put(&manifest->by_key, manifest->variables[i].key, i));
	}
	cr_assert_eq(ck_manifest_find_slots(manifest, NULL, 0, &diags), CK_OK);
	cr_assert_eq(ck_manifest_index_names(manifest, &diags), CK_OK);
	return manifest;
}

/* "label", "label?" if it is a slot of nobody knows whom. */
static const char *describe(const struct ck_manifest *manifest, const char *path)
{
	size_t at;
	if (!ck_map_get(&manifest->by_key, ck_str_format(arena, "%s%s", path, CK_ATTRIBUTE_SUFFIX), &at))
		return "no such key";
	const struct ck_variable *variable = &manifest->variables[at];
	struct ck_str label = ck_variable_label(manifest, variable, arena);
	return ck_str_format(arena, "%.*s%s", CK_STR_ARG(label), variable->unclear_owner ? "?" : "").p;
}

#define CHECK(rows, path, is) cr_expect_str_eq(describe(make(rows, CK_COUNT(rows)), path), is)

/* ---- Keras 3 */

#define KERAS3 {"o/_iterations", "adam/iteration", 0, NULL}, {"o/_variables/0", NULL, 0, "o/_iterations"}

Test(bundle_slots_keras, keras3_by_names)
{
	static const struct row adam[] = {
		KERAS3, {"a/k", "a/k", 3, NULL}, {"b", "v:0", 3, NULL}, {"o/_momentums", NULL, 0, NULL}, {"o/_velocities", NULL, 0, NULL},
		{"o/_trainable_variables/0", NULL, 0, "a/k"}, {"o/_trainable_variables/1", NULL, 0, "b"},
		{"o/_variables/1", "x/adam/a_k_momentum", 3, NULL}, {"o/_variables/2", "x/adam/a_k_velocity", 3, NULL},
		{"o/_variables/3", "x/adam/a_k_velocity_hat", 3, NULL}, {"o/_variables/4", "adam/v:0_momentum", 3, NULL},
		{"o/_variables/5", "adam/v:0_gradient_accumulator", 3, NULL}, {"o/_variables/6", "adam/a_k_momentum", 4, NULL},
		{"o/_variables/7", "adam/c_momentum", 3, NULL},
	};
	static const char *const is[] = {"a/k@m", "a/k@v", "a/k@vhat", "b@m", "b@gradient_accumulator", "o/_variables/6", "o/_variables/7"};
	struct ck_manifest *manifest = make(adam, CK_COUNT(adam));
	for (size_t i = 0; i < CK_COUNT(is); i++)
		cr_expect_str_eq(describe(manifest, ck_str_format(arena, "o/_variables/%zu", i + 1).p), is[i]);
	/* What a word means depends on the lists, be they empty. */
	static const struct {
		const char *list, *second, *momentum, *velocity;
	} rows[] = {
		{"_momentums", "_velocities", "w@m", "w@v"},	 {"_velocities", "_momentums", "w@momentum", "w@rms"},
		{"momentums", "adam_velocities", "w@momentum", "w@v"}, {"_r", "_v", "w@momentum", "w@v"}, {"_m", "_u", "w@m", "w@v"},
		{"other", "another", "w@momentum", "w@v"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct row one[] = {
			KERAS3, {"w", "w", 3, NULL}, {ck_str_format(arena, "o/%s", rows[i].list).p, NULL, 0, NULL},
			{ck_str_format(arena, "o/%s", rows[i].second).p, NULL, 0, NULL}, {"o/_trainable_variables/0", NULL, 0, "w"},
			{"o/_variables/1", "o/w_momentum", 3, NULL}, {"o/_variables/2", "o/w_velocity", 3, NULL},
		};
		CHECK(one, "o/_variables/1", rows[i].momentum);
		CHECK(one, "o/_variables/2", rows[i].velocity);
	}
}

/* Several variables of one name: in the order of the list, if there are as many elements. */
Test(bundle_slots_keras, keras3_same_names)
{
	static const struct row rows[] = {
		KERAS3, {"z", "w", 3, NULL}, {"a", "w", 3, NULL}, {"o/_trainable_variables/0", NULL, 0, "z"},
		{"o/_trainable_variables/1", NULL, 0, "a"}, {"o/_variables/1", "adam/w_momentum", 3, NULL},
		{"o/_variables/2", "adam/w_velocity", 3, NULL}, {"o/_variables/3", "adam/w_momentum", 3, NULL},
	};
	CHECK(rows, "o/_variables/1", "z@momentum");
	CHECK(rows, "o/_variables/3", "a@momentum");
	CHECK(rows, "o/_variables/2", "o/_variables/2");
}

/* Keras 3 before 3.6 calls the step count `iterations`. */
Test(bundle_slots_keras, keras3_iterations)
{
	static const struct row rows[] = {
		{"o/iterations", "adam/iteration", 0, NULL}, {"o/_variables/0", NULL, 0, "o/iterations"}, {"o/_trainable_variables/0", NULL, 0, "m/a/w"},
		{"o/_variables/1", "adam/w_velocity", 3, NULL}, {"m/a/w", "w", 3, NULL},
	};
	CHECK(rows, "o/_variables/1", "m/a/w@v");
}

/* ---- Keras 2 */

#define KERAS2 {"o/_iterations", "iteration", 0, NULL}, {"o/_variables/0", NULL, 0, "o/_iterations"}

/* One name, two shapes. */
Test(bundle_slots_keras, keras2_shapes)
{
	static const struct row rows[] = {
		KERAS2, {"m/a", "w", 3, NULL}, {"m/b", "w", 4, NULL}, {"o/_variables/1", "m/w", 4, NULL}, {"o/_variables/2", "Adam/m/w", 3, NULL},
	};
	CHECK(rows, "o/_variables/1", "m/b@m");
	CHECK(rows, "o/_variables/2", "m/a@m");
}

/* Layers of one name in two models: all orders that programs use say the same. */
Test(bundle_slots_keras, keras2_layers)
{
	static const struct row rows[] = {
		KERAS2, {"m/x/d/k", "d/k", 3, NULL}, {"m/x/d/b", "d/b", 3, NULL}, {"m/y/d/k", "d/k", 3, NULL}, {"m/y/d/b", "d/b", 3, NULL},
		{"o/_variables/1", "m/d/k", 3, NULL}, {"o/_variables/2", "m/d/b", 3, NULL}, {"o/_variables/3", "m/d/k", 3, NULL},
		{"o/_variables/4", "m/d/b", 3, NULL}, {"o/_variables/5", "v/d/k", 3, NULL}, {"o/_variables/6", "v/d/k", 3, NULL},
		{"o/_variables/7", "v/d/k", 3, NULL},
	};
	CHECK(rows, "o/_variables/1", "m/x/d/k@m");
	CHECK(rows, "o/_variables/3", "m/y/d/k@m");
	/* SORTED has b before k, and is not possible. */
	CHECK(rows, "o/_variables/4", "m/y/d/b@m");
	/* Three for two. */
	CHECK(rows, "o/_variables/6", "o/_variables/6?");
	cr_expect(make(rows, CK_COUNT(rows))->variables[1].has_unclear_slots);
}

/* A module lists by name, a layer as it was made: where both are possible nothing is told, and a unique name decides. */
Test(bundle_slots_keras, keras2_modules)
{
	static const struct row rows[] = {
		KERAS2, {"m/b", "w", 3, NULL}, {"m/a", "w", 3, NULL}, {"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/w", 3, NULL},
		{"m/c", "u", 3, NULL}, {"m/0", "t", 3, NULL}, {"o/_variables/3", "m/u", 3, NULL}, {"o/_variables/4", "m/t", 3, NULL},
	};
	struct row sorted[CK_COUNT(rows)];
	CHECK(rows, "o/_variables/1", "m/b@m");
	memcpy(sorted, rows, sizeof(rows));
	sorted[8].full = "m/t";
	sorted[9].full = "m/u";
	sorted[4] = rows[8];
	sorted[4].path = "o/_variables/1";
	sorted[4].full = "m/t";
	sorted[5].path = "o/_variables/2";
	sorted[8].path = "o/_variables/3";
	sorted[8].full = "m/w";
	sorted[9].path = "o/_variables/4";
	sorted[9].full = "m/u";
	CHECK(sorted, "o/_variables/2", "m/a@m");
	CHECK(sorted, "o/_variables/3", "m/b@m");
	static const struct row unclear[] = {
		KERAS2, {"m/b", "w", 3, NULL}, {"m/a", "w", 3, NULL}, {"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/w", 3, NULL},
	};
	CHECK(unclear, "o/_variables/1", "o/_variables/1?");
}

/* A layer's own variable before those of layers in it, a model's behind them; what is in a list is the module's own. */
Test(bundle_slots_keras, keras2_depth)
{
	static const struct row own_first[] = {
		KERAS2, {"m/x/w", "w", 3, NULL}, {"m/v", "w", 3, NULL}, {"m/y/u", "u", 3, NULL}, {"m/a", "t", 3, NULL},
		{"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/t", 3, NULL}, {"o/_variables/3", "m/w", 3, NULL}, {"o/_variables/4", "m/u", 3, NULL},
	};
	CHECK(own_first, "o/_variables/1", "m/v@m");
	static const struct row own_last[] = {
		KERAS2, {"m/x/w", "w", 3, NULL}, {"m/v", "w", 3, NULL}, {"m/y/u", "u", 3, NULL},
		{"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/u", 3, NULL}, {"o/_variables/3", "m/w", 3, NULL},
	};
	CHECK(own_last, "o/_variables/1", "m/x/w@m");
	static const struct row lists[] = {
		KERAS2, {"m/c", "u", 3, NULL}, {"m/b/0", "w", 3, NULL}, {"m/b/1", "w", 3, NULL}, {"m/a/w", "w", 3, NULL},
		{"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/w", 3, NULL}, {"o/_variables/3", "m/u", 3, NULL}, {"o/_variables/4", "m/w", 3, NULL},
	};
	CHECK(lists, "o/_variables/2", "m/b/1@m");
	CHECK(lists, "o/_variables/4", "m/a/w@m");
}

/* Two models of one optimizer: a program may list either first, and only a unique name tells which. */
Test(bundle_slots_keras, keras2_parts)
{
	static const struct row unclear[] = {
		KERAS2, {"dec/w", "w", 3, NULL}, {"enc/w", "w", 3, NULL}, {"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/w", 3, NULL},
	};
	CHECK(unclear, "o/_variables/1", "o/_variables/1?");
	static const struct row told[] = {
		KERAS2, {"dec/w", "w", 3, NULL}, {"dec/x", "x", 3, NULL}, {"enc/w", "w", 3, NULL}, {"enc/y", "y", 3, NULL},
		{"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/y", 3, NULL}, {"o/_variables/3", "m/w", 3, NULL}, {"o/_variables/4", "m/x", 3, NULL},
	};
	CHECK(told, "o/_variables/1", "enc/w@m");
	CHECK(told, "o/_variables/3", "dec/w@m");
	/* A model as the root has an order of its own. */
	static const struct row root[] = {
		KERAS2, {"layer-0/w", "w", 3, NULL}, {"layer-1/w", "w", 3, NULL}, {"o/_variables/1", "m/w", 3, NULL}, {"o/_variables/2", "m/w", 3, NULL},
	};
	CHECK(root, "o/_variables/2", "layer-1/w@m");
	/* Some of them are not trained. */
	static const struct row frozen[] = {
		KERAS2, {"m/a/w", "w", 3, NULL}, {"m/b/w", "w", 3, NULL}, {"o/_variables/1", "m/w", 3, NULL},
	};
	CHECK(frozen, "o/_variables/1", "o/_variables/1?");
}
