/* Slots of real checkpoints in all conventions, and what is none. */
#include "bundle/manifest.h"

#include "tests/unit/bundle_test.h"

TestSuite(bundle_slots, .init = set_up, .fini = tear_down);

static struct ck_manifest *open_manifest(const char *path)
{
	struct ck_manifest *manifest;
	cr_assert_eq(ck_manifest_open(ck_str(path), &diags, &manifest), CK_OK, "%s: %s", path, diags_text());
	return manifest;
}

/* "label convention optimizer" of a key, or its name if it is no slot. */
static const char *describe(const struct ck_manifest *manifest, const char *key)
{
	size_t at;
	struct ck_str whole = ck_str_format(arena, "%s%s", key, manifest->object_based ? CK_ATTRIBUTE_SUFFIX : "");
	if (!ck_map_get(&manifest->by_key, whole, &at))
		return "no such key";
	const struct ck_variable *variable = &manifest->variables[at];
	struct ck_str label = ck_variable_label(manifest, variable, arena);
	if (variable->convention == CK_CONVENTION_NONE)
		return label.p ? ck_str_copy(arena, label).p : "";
	return ck_str_format(arena, "%.*s %s %.*s", CK_STR_ARG(label), ck_convention_name(variable->convention), CK_STR_ARG(variable->optimizer)).p;
}

/* How many slots, and of a few keys what they are. */
Test(bundle_slots, real_checkpoints)
{
	static const struct {
		const char *path;
		size_t n_slots;
		const char *key, *is;
	} rows[] = {
		{"tf1_saver/model.ckpt-100", 13, "dense/kernel/Adam", "dense/kernel@m tf1 Adam"},
		{"tf1_saver/model.ckpt-100", 13, "dense_1/bias/Adam_1", "dense_1/bias@v tf1 Adam"},
		{"tf1_saver/model.ckpt-100", 13, "embedding/table/Momentum", "embedding/table@momentum tf1 Momentum"},
		{"tf1_saver/model.ckpt-100", 13, "dense/bias/ExponentialMovingAverage", "dense/bias@ema tf1 ExponentialMovingAverage"},
		{"tf1_saver/model.ckpt-100", 13, "beta1_power", "beta1_power"},
		{"tf1_bert_tiny/bert_model.ckpt", 156, "bert/pooler/dense/bias/adam_v", "bert/pooler/dense/bias@v tf1 adam"},
		{"tf2_checkpoint/checkpoint_linear-1", 0, "model/w", "model/w"},
		{"tf2_checkpoint/checkpoint_dense-1", 4, "optimizer/_variables/3", "model/dense/_kernel@v keras3 optimizer"},
		{"tf2_keras3/adam-1", 8, "optimizer/_variables/4", "model/_functional/_operations/1/bias@m keras3 optimizer"},
		{"tf2_keras3/adam-1", 8, "optimizer/_iterations", "optimizer/_iterations"},
		{"tf2_keras3/adam-1", 8, "optimizer/_trainable_variables/3", "model/_functional/_operations/2/bias"},
		{"tf2_keras3/compiled-1", 8, "model/optimizer/_variables/9", "model/_functional/_operations/2/bias@v keras3 model/optimizer"},
		{"tf2_keras3/sgd_momentum-1", 4, "optimizer/_variables/2", "model/_functional/_operations/1/_kernel@momentum keras3 optimizer"},
		{"tf2_keras3/adam_ema-1", 12, "optimizer/_variables/2", "model/_functional/_operations/1/_kernel@ema keras3 optimizer"},
		{"tf2_keras3/adam_ema-1", 12, "optimizer/_variables/13", "model/_functional/_operations/2/bias@v keras3 optimizer"},
		{"tf2_keras34/adam-1", 16, "optimizer/_variables/2", "model/_functional/_operations/1/_kernel@ema keras3 optimizer"},
		{"tf2_keras34/adam-1", 16, "optimizer/_variables/13", "model/_functional/_operations/2/bias@v keras3 optimizer"},
		{"tf2_keras34/adam-1", 16, "optimizer/_variables/14", "model/_functional/_operations/1/_kernel@vhat keras3 optimizer"},
		{"tf2_keras34/adam-1", 16, "optimizer/iterations", "optimizer/iterations"},
		{"tf2_keras34/rmsprop-1", 12, "optimizer/_variables/2", "model/_functional/_operations/1/_kernel@rms keras3 optimizer"},
		{"tf2_keras34/rmsprop-1", 12, "optimizer/_variables/9", "model/_functional/_operations/2/bias@momentum keras3 optimizer"},
		{"tf2_keras34/rmsprop-1", 12, "optimizer/_variables/10", "model/_functional/_operations/1/_kernel@mg keras3 optimizer"},
		{"tf2_keras3/model_only-1", 0, "save_counter", "save_counter"},
		{"tf2_keras211/adam-1", 8, "optimizer/_variables/1", "model/layer_with_weights-0/kernel@m keras2 optimizer"},
		{"tf2_keras211/adam-1", 8, "optimizer/_learning_rate", "optimizer/_learning_rate"},
		{"tf2_keras211/sgd_momentum-1", 4, "optimizer/_variables/4", "model/layer_with_weights-1/bias@momentum keras2 optimizer"},
		{"tf2_keras211/adam_amsgrad-1", 12, "optimizer/_variables/12", "model/layer_with_weights-1/bias@vhat keras2 optimizer"},
		{"tf2_keras211/adam_ema-1", 12, "optimizer/_variables/3", "model/layer_with_weights-1/kernel@ema keras2 optimizer"},
		{"tf2_keras211/adamw-1", 8, "optimizer/_variables/8", "model/layer_with_weights-1/bias@v keras2 optimizer"},
		{"tf2_legacy_adam/adam-1", 8, "model/layer_with_weights-1/bias/.OPTIMIZER_SLOT/optimizer/v",
		 "model/layer_with_weights-1/bias@v tf2 optimizer"},
		{"tf2_legacy_adam/adam_amsgrad-1", 12, "model/layer_with_weights-0/kernel/.OPTIMIZER_SLOT/optimizer/vhat",
		 "model/layer_with_weights-0/kernel@vhat tf2 optimizer"},
		{"tf2_legacy_adam/sgd_momentum-1", 4, "optimizer/learning_rate", "optimizer/learning_rate"},
		{"tf2_save_weights/compiled_adam", 8, "optimizer/_variables/7", "layer_with_weights-1/bias@m keras2 optimizer"},
		{"tf2_save_weights/compiled_legacy_adam", 8, "layer_with_weights-0/bias/.OPTIMIZER_SLOT/optimizer/m",
		 "layer_with_weights-0/bias@m tf2 optimizer"},
		{"byte_order_big/adam-1", 8, "optimizer/_variables/1", "model/layer_with_weights-0/kernel@m keras2 optimizer"},
		{"corrupt/good_graph/x", 1, "model/w/.OPTIMIZER_SLOT/optimizer/m", "model/w@m tf2 optimizer"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		const char *path = ck_str_format(arena, "tests/data/%s", rows[i].path).p;
		struct ck_manifest *manifest = open_manifest(path);
		size_t n = 0;
		for (size_t k = 0; k < manifest->n_variables; k++)
			n += manifest->variables[k].convention != CK_CONVENTION_NONE;
		cr_expect_eq(n, rows[i].n_slots, "%s: %zu slots", path, n);
		cr_expect_str_eq(describe(manifest, rows[i].key), rows[i].is, "%s", path);
		ck_manifest_free(manifest);
	}
}

/* Legacy slots are known from keys alone, positional ones are not. */
Test(bundle_slots, without_data)
{
	copy_file("tests/data/tf2_legacy_adam/adam-1.index", inside("a.index").p);
	copy_file("tests/data/tf2_keras3/adam-1.index", inside("b.index").p);
	struct ck_manifest *manifest = open_manifest(inside("a").p);
	cr_expect_null(manifest->graph);
	cr_expect_str_eq(describe(manifest, "model/layer_with_weights-1/bias/.OPTIMIZER_SLOT/optimizer/v"),
			 "model/layer_with_weights-1/bias@v tf2 optimizer");
	ck_manifest_free(manifest);
	manifest = open_manifest(inside("b").p);
	cr_expect_str_eq(describe(manifest, "optimizer/_variables/4"), "optimizer/_variables/4");
	ck_manifest_free(manifest);
}

/* A name-based manifest of these names; a name that ends in '!' has another shape. */
static struct ck_manifest *make_manifest(const char *const *names, size_t n)
{
	static const uint64_t three[] = {3}, four[] = {4};
	struct ck_manifest *manifest = ck_arena_alloc(arena, sizeof(*manifest));
	manifest->arena = arena;
	manifest->n_variables = n;
	manifest->variables = ck_arena_array(arena, n, sizeof(*manifest->variables));
	ck_map_init(&manifest->by_key, arena);
	for (size_t i = 0; i < n; i++) {
		struct ck_str name = ck_str(names[i]);
		bool other = ck_str_ends(name, CK_STR("!"));
		name.n -= other;
		manifest->variables[i] = (struct ck_variable){.key = name, .name = name, .dtype = CK_DT_F32, .node = -1, .attribute = -1,
							      .shape = {1, other ? four : three}};
		cr_assert(ck_map_put(&manifest->by_key, name, i));
	}
	cr_assert_eq(ck_manifest_find_slots(manifest, NULL, 0, &diags), CK_OK);
	cr_assert_eq(ck_manifest_index_names(manifest, &diags), CK_OK);
	return manifest;
}

Test(bundle_slots, tf1_names)
{
	static const char *const names[] = {"a", "a/Adam", "a/Adam/Momentum", "a/Adam_1", "a/Adam_2", "a/Ftrl", "a/Ftrl_1", "a/Momentum!",
					    "a/adam_m", "b/Adam", "c", "c/Adadelta_1", "c/RMSProp", "c/RMSProp_1", "c/lamb_v", "c/my_m",
					    "d", "d/RMSProp", "d/RMSProp_1", "d/RMSProp_2"};
	static const char *const expected[] = {"a", "a@Adam/m tf1 Adam", "a/Adam/Momentum", "a@v tf1 Adam", "a/Adam_2", "a@accumulator tf1 Ftrl",
					       "a@linear tf1 Ftrl", "a/Momentum", "a@adam/m tf1 adam", "b/Adam", "c",
					       "c@accum_var tf1 Adadelta", "c@rms tf1 RMSProp", "c@momentum tf1 RMSProp", "c@v tf1 lamb", "c/my_m",
					       "d", "d@rms tf1 RMSProp", "d@mg tf1 RMSProp", "d@momentum tf1 RMSProp"};
	struct ck_manifest *manifest = make_manifest(names, CK_COUNT(names));
	for (size_t i = 0; i < CK_COUNT(names); i++) {
		struct ck_str key = manifest->variables[i].key;
		cr_expect_str_eq(describe(manifest, ck_str_copy(arena, key).p), expected[i]);
	}
	cr_expect(ck_str_equal(manifest->variables[3].suffix, CK_STR("/Adam_1")));
	cr_expect(ck_str_equal(manifest->variables[3].name, CK_STR("a")));
}

/* Declared patterns count before the table, and are forgotten when others are declared. */
Test(bundle_slots, declarations)
{
	static const char *const names[] = {"a", "a/Adam", "a/my_m", "b", "ema/b", "my_m"};
	const struct ck_slot_declaration declarations[] = {
		{CK_STR("m"), CK_STR(""), CK_STR("/my_m")},
		{CK_STR("ema"), CK_STR("ema/"), CK_STR("")},
		{CK_STR("first"), CK_STR(""), CK_STR("/Adam")},
	};
	struct ck_manifest *manifest = make_manifest(names, CK_COUNT(names));
	cr_assert_eq(ck_manifest_find_slots(manifest, declarations, CK_COUNT(declarations), &diags), CK_OK);
	cr_expect_str_eq(describe(manifest, "a/my_m"), "a@m tf1 my_m");
	cr_expect_str_eq(describe(manifest, "ema/b"), "b@ema tf1 ema");
	cr_expect_str_eq(describe(manifest, "a/Adam"), "a@first tf1 Adam");
	cr_expect_str_eq(describe(manifest, "my_m"), "my_m");
	cr_assert_eq(ck_manifest_find_slots(manifest, declarations + 1, 1, &diags), CK_OK);
	cr_expect_str_eq(describe(manifest, "a/my_m"), "a/my_m");
	cr_expect_str_eq(describe(manifest, "a/Adam"), "a@m tf1 Adam");
}

/* RMSprop's lists, whose names mean other slots than Adam's; an element of another shape is a variable. */
Test(bundle_slots, rmsprop)
{
	static const struct {
		const char *first, *second, *is, *other_is;
	} rows[] = {
		{"_velocities", "_momentums", "w@rms keras3 optimizer", "w@momentum keras3 optimizer"},
		{"_momentums", "_velocities", "w@m keras3 optimizer", "w@v keras3 optimizer"},
		{"_velocities", "_average_gradients", "w@rms keras3 optimizer", "w@mg keras3 optimizer"},
		{"_momentums", "_r", "w@m keras3 optimizer", "optimizer/_variables/1"},
		{"_m", "_u", "w@m keras3 optimizer", "w@v keras3 optimizer"},
	};
	/* 0 root, 1 optimizer, 2 _variables, 3 _trainable_variables, 4 and 5 lists, 6 w, 7 and 8 slots, 9 _iterations */
	static const struct {
		size_t from, to;
		const char *name;
	} edges[] = {{0, 6, "w"}, {0, 1, "optimizer"}, {1, 2, "_variables"}, {1, 3, "_trainable_variables"}, {1, 4, "first"}, {1, 5, "second"},
		     {1, 9, "_iterations"}, {2, 7, "0"}, {2, 8, "1"}, {3, 6, "0"}, {4, 7, "0"}, {5, 8, "0"}};
	static const uint64_t three[] = {3};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		Ck__Tf__Node nodes[10], *pointers[10];
		Ck__Tf__Child children[CK_COUNT(edges)], *of_node[10][6];
		for (size_t k = 0; k < CK_COUNT(nodes); k++) {
			ck__tf__node__init(&nodes[k]);
			pointers[k] = &nodes[k];
			nodes[k].children = of_node[k];
		}
		for (size_t k = 0; k < CK_COUNT(edges); k++) {
			const char *name = k == 4 ? rows[i].first : k == 5 ? rows[i].second : edges[k].name;
			ck__tf__child__init(&children[k]);
			children[k].node_id = (int32_t)edges[k].to;
			children[k].local_name = (ProtobufCBinaryData){.len = strlen(name), .data = (uint8_t *)name};
			of_node[edges[k].from][nodes[edges[k].from].n_children++] = &children[k];
		}
		Ck__Tf__ObjectGraph message = CK__TF__OBJECT_GRAPH__INIT;
		message.n_nodes = CK_COUNT(nodes);
		message.nodes = pointers;
		struct ck_graph graph = {.message = &message, .arena = arena};
		cr_assert_eq(ck_graph_index(&graph, &diags), CK_OK, "%s", diags_text());
		struct ck_variable variables[3];
		static const struct ck_str keys[] = {CK_STR("optimizer/_variables/0" CK_ATTRIBUTE_SUFFIX),
						     CK_STR("optimizer/_variables/1" CK_ATTRIBUTE_SUFFIX), CK_STR("w" CK_ATTRIBUTE_SUFFIX)};
		static const int32_t ids[] = {7, 8, 6};
		struct ck_manifest manifest = {.arena = arena, .graph = &graph, .object_based = true, .variables = variables, .n_variables = 3};
		ck_map_init(&manifest.by_key, arena);
		for (size_t k = 0; k < 3; k++) {
			variables[k] = (struct ck_variable){.key = keys[k], .node = ids[k], .name = graph.names[ids[k]], .shape = {1, three}};
			cr_assert(ck_map_put(&manifest.by_key, keys[k], k));
		}
		cr_assert_eq(ck_manifest_find_slots(&manifest, NULL, 0, &diags), CK_OK);
		cr_expect_str_eq(describe(&manifest, "optimizer/_variables/0"), rows[i].is);
		cr_expect_str_eq(describe(&manifest, "optimizer/_variables/1"), rows[i].other_is);
		variables[1].shape.rank = 0;
		cr_assert_eq(ck_manifest_find_slots(&manifest, NULL, 0, &diags), CK_OK);
		cr_expect_str_eq(describe(&manifest, "optimizer/_variables/1"), "optimizer/_variables/1");
	}
}
