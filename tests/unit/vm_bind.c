/* Keys, object graphs, layout, code and cost of bound plans, on the fixtures; each bound plan is encoded, decoded and verified. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/compile.h"
#include "vm/bind.h"

enum { MAX_INPUTS = 4 };

static struct ck_arena *arena;
static struct ck_diags diags;
static struct ck_manifest *manifests[MAX_INPUTS];
static char folder[] = "/tmp/ckmig-bind-XXXXXX";

static void set_up(void)
{
	arena = ck_arena_new((size_t)1 << 30);
	cr_assert(arena && ck_diags_init(&diags) && mkdtemp(folder));
}

static void close_inputs(void)
{
	for (size_t i = 0; i < MAX_INPUTS; i++) {
		ck_manifest_free(manifests[i]);
		manifests[i] = NULL;
	}
}

static void tear_down(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
	close_inputs();
	ck_diags_clear(&diags);
	ck_arena_free(arena);
}

TestSuite(vm_bind, .init = set_up, .fini = tear_down);

/* ---- binding a text */

static const char *diags_text(void)
{
	struct ck_buf out = { 0 };
	const char *text;

	ck_diags_render(&diags, CK_FORMAT_TEXT, false, &out);
	text = ck_str_copy(arena, ck_buf_view(&out)).p;
	ck_buf_clear(&out);
	ck_diags_clear(&diags);
	cr_assert(ck_diags_init(&diags));
	return text;
}

static void open_input(size_t number, const char *name)
{
	const char *path = name[0] == '/' ? name : ck_str_format(arena, "tests/data/%s", name).p;

	ck_manifest_free(manifests[number]);
	manifests[number] = NULL;
	cr_assert_eq(ck_manifest_open(ck_str(path), &diags, &manifests[number]), CK_OK, "%s", diags_text());
}

static struct ck_plan *compile(const char *text)
{
	struct ck_str whole = ck_str_format(arena, "ckmig 1\n%s\n", text);
	uint32_t file = ck_diags_add_file(&diags, CK_STR("t.ckmig"), whole);
	struct ck_ast_file *tree;
	struct ck_plan *plan;

	cr_assert_eq(ck_parse(arena, &diags, file, &tree), CK_OK, "%s: %s", text, diags_text());
	cr_assert_eq(ck_compile(arena, &diags, tree, &plan), CK_OK, "%s: %s", text, diags_text());
	return plan;
}

static uint64_t shard_size, memory;

/* NULL when binding fails. onto may be NULL. */
static struct ck_plan *bind(const char *source, const char *onto, const char *text)
{
	struct ck_inputs inputs = { MAX_INPUTS, (const struct ck_manifest *const *)manifests };
	struct ck_bind_options options = { .shard_size = shard_size, .memory = memory };
	struct ck_plan *bound = NULL, *decoded;
	struct ck_buf bytes = { 0 };

	close_inputs();
	open_input(CK_INPUT_SOURCE, source);
	if (onto)
		open_input(CK_INPUT_TEMPLATE, onto);
	if (ck_bind(compile(text), &inputs, &options, arena, &diags, &bound) != CK_OK)
		return NULL;
	cr_assert_eq(ck_plan_encode(bound, &diags, &bytes), CK_OK);
	cr_assert_eq(ck_plan_decode(ck_str_copy(arena, ck_buf_view(&bytes)), CK_STR("t.ckplan"), arena, &diags, &decoded), CK_OK, "%s: %s", text,
		     diags_text());
	ck_buf_clear(&bytes);
	return decoded;
}

static struct ck_plan *bind_well(const char *source, const char *onto, const char *text)
{
	struct ck_plan *bound = bind(source, onto, text);

	cr_assert(bound, "%s on %s: %s", text, source, diags_text());
	return bound;
}

static const Ck__Plan__Target *find_target(const struct ck_plan *bound, const char *label)
{
	const Ck__Plan__Bound *message = bound->message->bound;

	for (size_t i = 0; i < message->n_targets; i++)
		if (ck_str_equal(ck_str_of(message->targets[i]->label), ck_str(label)))
			return message->targets[i];
	return NULL;
}

/* The keys of labels that stand in rows of two. */
static void check_keys(const struct ck_plan *bound, const char *const (*rows)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const Ck__Plan__Target *target = find_target(bound, rows[i][0]);

		cr_assert(target, "no target %s", rows[i][0]);
		cr_expect(ck_str_equal(ck_str_of(target->key), ck_str(rows[i][1])), "%s: key %.*s", rows[i][0], (int)target->key.len,
			  (const char *)target->key.data);
	}
}

#define VALUE "/.ATTRIBUTES/VARIABLE_VALUE"

/* ---- keys by names */

Test(vm_bind, names_keep_their_suffixes)
{
	const struct ck_plan *bound = bind_well("tf1_saver/model.ckpt-200", NULL,
						"map \"dense/{x}\" -> \"d/{x}\"\n"
						"map \"embedding/table\" -> (same, \"copy\")\n"
						"keep rest\n"
						"new \"w\" : f32[2] = zeros\n"
						"new \"w@m\" = zeros\n"
						"new \"w@rms\" = zeros");
	static const char *const rows[][2] = {
		{ "d/kernel", "d/kernel" },	      { "d/kernel@m", "d/kernel/Adam" },
		{ "d/kernel@v", "d/kernel/Adam_1" },  { "d/bias@ema", "d/bias/ExponentialMovingAverage" },
		{ "copy@momentum", "copy/Momentum" }, { "embedding/table@momentum", "embedding/table/Momentum" },
		{ "w@m", "w/Adam" },		      { "w@rms", "w/RMSProp" },
		{ "global_step", "global_step" },
	};

	check_keys(bound, rows, CK_COUNT(rows));
	cr_expect_eq(bound->message->bound->graph.len, 0);
	cr_expect_null(find_target(bound, CK_GRAPH_KEY));
}

/* The slots of an optimizer tell its family, and so the names of all of them. */
Test(vm_bind, families)
{
	const struct ck_plan *bound = bind_well("names/names", NULL,
						"drop rest because \"x\"\n"
						"new \"w\" : f32[2] = zeros\n"
						"new \"w@rms\" = zeros\nnew \"w@momentum\" = zeros\n"
						"new \"w@Ftrl/linear\" = zeros\nnew \"w@lamb/v\" = zeros");
	static const char *const rows[][2] = {
		{ "w@rms", "w/RMSProp" }, { "w@momentum", "w/RMSProp_1" }, { "w@linear", "w/Ftrl_1" }, { "w@v", "w/lamb_v" },
	};

	check_keys(bound, rows, CK_COUNT(rows));
}

Test(vm_bind, target_names)
{
	const struct ck_plan *bound = bind_well("tf2_keras3/adam-1", NULL, "target names\nmap \"model/**\" -> \"**\"\nkeep rest");
	static const char *const rows[][2] = {
		{ "_functional/_operations/1/_kernel", "_functional/_operations/1/_kernel" },
		{ "_functional/_operations/1/_kernel@m", "_functional/_operations/1/_kernel/Adam" },
		{ "_functional/_operations/1/_kernel@v", "_functional/_operations/1/_kernel/Adam_1" },
	};

	check_keys(bound, rows, CK_COUNT(rows));
	cr_expect_eq(bound->message->bound->graph.len, 0);
	cr_expect_eq(bound->message->bound->exactness, CK_LOSSY);
	bound = bind_well("tf2_keras211/sgd_momentum-1", NULL, "target names\nkeep rest");
	check_keys(bound, (const char *const[][2]){ { "model/layer_with_weights-0/bias@momentum", "model/layer_with_weights-0/bias/Momentum" } }, 1);
	bound = bind_well("tf2_legacy_adam/adam_amsgrad-1", NULL, "target names\nslot vhat = \"hats/{x:**}\"\nkeep rest");
	check_keys(bound, (const char *const[][2]){ { "model/layer_with_weights-0/bias@vhat", "hats/model/layer_with_weights-0/bias" },
						    { "model/layer_with_weights-0/bias@v", "model/layer_with_weights-0/bias/Adam_1" } }, 2);
}

/* ---- keys by object graphs */

static struct ck_graph *graph_of(const struct ck_plan *bound)
{
	struct ck_graph *graph;

	cr_assert_eq(ck_graph_decode(ck_str_of(bound->message->bound->graph), arena, &diags, &graph), CK_OK, "%s", diags_text());
	return graph;
}

/* Every target is a value of the graph, and every path of the graph that the rows tell leads to one node. */
static void check_graph(const struct ck_plan *bound, const char *const (*same)[2], size_t n)
{
	const Ck__Plan__Bound *message = bound->message->bound;
	struct ck_graph *graph = graph_of(bound);
	const Ck__Plan__Target *target = find_target(bound, CK_GRAPH_KEY);
	size_t n_attributes = 0;

	cr_assert(target);
	cr_expect(target->n_code == 0 && target->rule == 0 && target->n_dims == 0 && target->dtype == CK_DT_STRING);
	for (size_t i = 0; i < graph->message->n_nodes; i++)
		n_attributes += graph->message->nodes[i]->n_attributes;
	cr_expect_eq(n_attributes + 1, message->n_targets, "%zu attributes, %zu targets", n_attributes, message->n_targets);
	for (size_t i = 0; i < n; i++) {
		int32_t a = ck_graph_find(graph, ck_str(same[i][0])), b = ck_graph_find(graph, ck_str(same[i][1]));

		cr_expect(a >= 0 && a == b, "%s is %d, %s is %d", same[i][0], a, same[i][1], b);
	}
}

Test(vm_bind, legacy_graph)
{
	const struct ck_plan *bound = bind_well("tf2_legacy_adam/adam-1", NULL,
						"map \"model/layer_with_weights-0/kernel\" -> (\"net/w\", \"net/copy\")\n"
						"map \"optimizer/**\" -> \"opt/**\"\n"
						"map \"model/layer_with_weights-1/bias@m\" -> \"saved\"\n"
						"drop \"model/layer_with_weights-1/bias\" because \"new head\"\n"
						"new \"net/x\" : f32[3] = zeros\n"
						"new \"net/x@m\" = zeros\n"
						"alias \"net/alias\" = \"net/w\"\n"
						"keep rest");
	static const char *const rows[][2] = {
		{ "net/w", "net/w" VALUE },
		{ "net/w@m", "net/w/.OPTIMIZER_SLOT/opt/m" VALUE },
		{ "net/copy@v", "net/copy/.OPTIMIZER_SLOT/opt/v" VALUE },
		{ "net/x@m", "net/x/.OPTIMIZER_SLOT/opt/m" VALUE },
		{ "opt/iter", "opt/iter" VALUE },
		{ "saved", "saved" VALUE },
		{ "model/layer_with_weights-0/bias@m", "model/layer_with_weights-0/bias/.OPTIMIZER_SLOT/opt/m" VALUE },
	};

	check_keys(bound, rows, CK_COUNT(rows));
	check_graph(bound, (const char *const[][2]){ { "net/alias", "net/w" } }, 1);
	cr_expect_null(find_target(bound, "model/layer_with_weights-1/bias@v"));
}

/* A model's weights that are keyed through its optimizer get the model's path; slots by position stay where they are. */
Test(vm_bind, positional_graph)
{
	const struct ck_plan *bound = bind_well("tf2_keras3/adam-1", NULL, "map \"model/**\" -> \"net/**\"\nkeep rest");
	static const char *const rows[][2] = {
		{ "net/_functional/_operations/1/bias", "net/_functional/_operations/1/bias" VALUE },
		{ "net/_functional/_operations/1/bias@m", "optimizer/_variables/4" VALUE },
		{ "net/_functional/_operations/2/bias@v", "optimizer/_variables/9" VALUE },
		{ "optimizer/_iterations", "optimizer/_iterations" VALUE },
	};

	check_keys(bound, rows, CK_COUNT(rows));
	check_graph(bound, (const char *const[][2]){ { "optimizer/_trainable_variables/1", "net/_functional/_operations/1/bias" } }, 1);
	bound = bind_well("tf2_keras3/adam-1", NULL, "slots drop because \"fresh\"\nkeep rest");
	check_graph(bound, NULL, 0);
	cr_expect_eq(bound->message->bound->exactness, CK_ONE_WAY);
	cr_expect_eq(bound->message->bound->n_inexact_rules, 0);
}

Test(vm_bind, target_objects)
{
	const struct ck_plan *bound = bind_well("tf1_saver/model.ckpt-200", NULL, "target objects\nkeep rest\nalias \"tied\" = \"dense/kernel\"");
	static const char *const rows[][2] = {
		{ "dense/kernel", "dense/kernel" VALUE },
		{ "dense/kernel@m", "dense/kernel/.OPTIMIZER_SLOT/optimizer/m" VALUE },
		{ "embedding/table@momentum", "embedding/table/.OPTIMIZER_SLOT/optimizer/momentum" VALUE },
	};

	check_keys(bound, rows, CK_COUNT(rows));
	check_graph(bound, (const char *const[][2]){ { "tied", "dense/kernel" } }, 1);
	cr_expect(graph_of(bound)->is_optimizer[ck_graph_find(graph_of(bound), CK_STR("optimizer"))]);
}

/* `slots follow as`: as tf2 the lists of the optimizer go and its node keeps its place, as tf1 there are names. */
Test(vm_bind, slots_as)
{
	static const char *const lists[] = { "_variables", "_momentums", "_velocities", "_velocity_hats", "_trainable_variables", "_index_dict" };
	static const char *const sources[] = { "tf2_keras3/adam-1", "tf2_keras211/adam-1", "tf2_keras34/adam-1", "tf2_legacy_adam/adam-1" };
	const struct ck_plan *bound;

	for (size_t i = 0; i < CK_COUNT(sources); i++) {
		const char *owner = i == 0 || i == 2 ? "model/_functional/_operations/2/bias" : "model/layer_with_weights-1/bias";
		const struct ck_graph *graph;

		bound = bind_well(sources[i], NULL, "slots follow as tf2\nkeep rest");
		graph = graph_of(bound);
		check_keys(bound, (const char *const[][2]){ { ck_str_format(arena, "%s@v", owner).p,
							      ck_str_format(arena, "%s/.OPTIMIZER_SLOT/optimizer/v" VALUE, owner).p } }, 1);
		check_graph(bound, NULL, 0);
		for (size_t j = 0; j < CK_COUNT(lists); j++)
			cr_expect_lt(ck_graph_find(graph, ck_str_format(arena, "optimizer/%s", lists[j])), 0, "%s: %s", sources[i], lists[j]);
		cr_expect_gt(graph->message->nodes[ck_graph_find(graph, CK_STR("optimizer"))]->n_slot_variables, 7);
		if (i == 2)
			continue;
		bound = bind_well(sources[i], NULL, "slots follow as tf1\nkeep rest");
		check_keys(bound, (const char *const[][2]){ { ck_str_format(arena, "%s@v", owner).p, ck_str_format(arena, "%s/Adam_1" VALUE, owner).p } }, 1);
		graph = graph_of(bound);
		for (size_t j = 0; j < CK_COUNT(lists); j++)
			cr_expect_lt(ck_graph_find(graph, ck_str_format(arena, "optimizer/%s", lists[j])), 0, "%s: %s", sources[i], lists[j]);
		cr_expect_eq(graph->message->nodes[ck_graph_find(graph, CK_STR("optimizer"))]->n_slot_variables, 0);
	}
	/* From one generation of Keras to the other, the lists are made over. */
	bound = bind_well("tf2_keras211/adam_amsgrad-1", NULL, "slots follow as keras3\nkeep rest");
	check_keys(bound, (const char *const[][2]){
				  { "model/layer_with_weights-0/kernel@m", "optimizer/_variables/2" VALUE },
				  { "model/layer_with_weights-1/bias@vhat", "optimizer/_variables/13" VALUE } }, 2);
	check_graph(bound, (const char *const[][2]){ { "optimizer/_variables/1", "optimizer/_learning_rate" },
						     { "optimizer/_trainable_variables/3", "model/layer_with_weights-1/bias" } }, 2);
	bound = bind_well("tf2_keras34/adam-1", NULL, "slots follow as keras2\nkeep rest");
	check_keys(bound, (const char *const[][2]){ { "model/_functional/_operations/1/_kernel@ema", "optimizer/_variables/1" VALUE } }, 1);
	cr_expect_lt(ck_graph_find(graph_of(bound), CK_STR("optimizer/_trainable_variables")), 0);
	bound = bind_well("tf2_keras34/adam-1", NULL, "drop \"**@ema\" because \"none\"\nkeep rest");
	check_keys(bound, (const char *const[][2]){ { "model/_functional/_operations/1/_kernel@m", "optimizer/_variables/2" VALUE } }, 1);
	/* What is so anyway. */
	bind_well("tf2_keras3/adam-1", NULL, "slots follow as keras3\nkeep rest");
	bind_well("tf2_keras211/adam-1", "tf2_keras211/adam-1", "slots follow as keras2\nkeep rest");
	bind_well("tf1_saver/model.ckpt-200", NULL, "slots follow as tf1\nkeep rest");
	bound = bind_well("tf1_saver/model.ckpt-200", NULL, "target objects\nslots follow as tf1\nkeep rest");
	check_keys(bound, (const char *const[][2]){ { "dense/kernel@m", "dense/kernel/Adam" VALUE } }, 1);
	/* A new order is no matter where no positions are written. */
	bound = bind_well("tf2_keras3/adam-1", NULL, "slots follow as tf2\nnew \"optimizer/beta_1\" : f32[] = const(0.9)\nkeep rest");
	cr_expect(find_target(bound, "optimizer/beta_1"));
}

/* All three slots of a centered RMSProp. */
Test(vm_bind, centered)
{
	const struct ck_plan *bound = bind_well("tf2_keras34/rmsprop-1", NULL, "target names\nkeep rest");
	static const char *const rows[][2] = {
		{ "model/_functional/_operations/2/bias@rms", "model/_functional/_operations/2/bias/RMSProp" },
		{ "model/_functional/_operations/2/bias@mg", "model/_functional/_operations/2/bias/RMSProp_1" },
		{ "model/_functional/_operations/2/bias@momentum", "model/_functional/_operations/2/bias/RMSProp_2" },
	};

	check_keys(bound, rows, CK_COUNT(rows));
}

/* Values of tables, iterators and Python state keep their keys, and what nothing changes keeps its graph. */
Test(vm_bind, other_attributes)
{
	static const char *const names[] = { "tf2_tables/model", "tf2_module/written", "tf2_save_weights/functional", "manager/ckpt-4" };

	for (size_t i = 0; i < CK_COUNT(names); i++) {
		const struct ck_plan *bound = bind_well(names[i], NULL, "keep rest");
		const struct ck_manifest *source = manifests[CK_INPUT_SOURCE];

		cr_assert_eq(bound->message->bound->n_targets, source->n_variables, "%s", names[i]);
		for (size_t j = 0; j < source->n_variables; j++)
			cr_expect(ck_str_equal(ck_str_of(bound->message->bound->targets[j]->key), source->variables[j].key), "%s: %zu", names[i], j);
		cr_expect(ck_str_equal(ck_str_of(bound->message->bound->graph), source->graph_bytes), "%s", names[i]);
	}
}

Test(vm_bind, template)
{
	const struct ck_plan *bound = bind_well("tf2_legacy_adam/adam-1", "tf2_keras211/adam-1",
						"map \"optimizer/iter\" -> \"optimizer/_iterations\"\n"
						"map \"optimizer/learning_rate\" -> \"optimizer/_learning_rate\"\n"
						"drop \"optimizer/{beta_1,beta_2,decay}\" because \"constants\"\n"
						"keep rest");
	static const char *const rows[][2] = {
		{ "model/layer_with_weights-0/kernel@m", "optimizer/_variables/1" VALUE },
		{ "model/layer_with_weights-1/bias@v", "optimizer/_variables/8" VALUE },
		{ "optimizer/_iterations", "optimizer/_iterations" VALUE },
	};

	check_keys(bound, rows, CK_COUNT(rows));
	cr_expect(ck_str_equal(ck_str_of(bound->message->bound->graph), manifests[CK_INPUT_TEMPLATE]->graph_bytes));
	cr_expect(find_target(bound, "model/layer_with_weights-0/kernel@m")->kept);
	cr_expect_not(find_target(bound, "optimizer/_iterations")->kept);
	cr_expect(find_target(bound, "optimizer/_iterations")->unchanged);
}

static void copy_index(const char *from, const char *to)
{
	struct ck_str bytes;

	cr_assert(ck_read_file(ck_str_format(arena, "tests/data/%s.index", from).p, (size_t)1 << 30, arena, &bytes));
	cr_assert(ck_write_file(to, bytes, false));
}

/* An index alone is enough for a dry run; what needs the object graph's bytes says so. */
Test(vm_bind, index_alone)
{
	const char *legacy = ck_str_format(arena, "%s/legacy", folder).p, *keras = ck_str_format(arena, "%s/keras", folder).p;
	const struct ck_plan *bound;

	copy_index("tf2_legacy_adam/adam-1", ck_str_format(arena, "%s.index", legacy).p);
	copy_index("tf2_keras211/adam-1", ck_str_format(arena, "%s.index", keras).p);
	bound = bind_well(legacy, NULL, "map \"model/{x:**}\" -> \"net/{x}\"\nkeep rest");
	check_keys(bound, (const char *const[][2]){
				  { "net/layer_with_weights-0/bias@m", "net/layer_with_weights-0/bias/.OPTIMIZER_SLOT/optimizer/m" VALUE },
				  { "save_counter", "save_counter" VALUE } }, 2);
	cr_expect(find_target(bound, CK_GRAPH_KEY) && bound->message->bound->n_notices == 1);
	cr_expect_eq(bound->message->bound->graph.len, 0);
	/* A template's graph is copied. */
	bound = bind_well("tf2_keras211/adam-1", keras, "slots drop because \"x\"\nnew \"optimizer/_variables/*\" = zeros\nkeep rest");
	cr_expect(find_target(bound, CK_GRAPH_KEY)->unchanged && find_target(bound, CK_GRAPH_KEY)->n_code == 1);
}

/* ---- layout */

Test(vm_bind, layout)
{
	const struct ck_plan *bound = bind_well("tf2_legacy_adam/adam-1", NULL, "keep rest");
	const Ck__Plan__Bound *message = bound->message->bound;
	uint64_t end = 0;

	cr_expect_eq(message->n_shard_sizes, 1);
	for (size_t i = 0; i < message->n_targets; i++) {
		cr_expect_eq(message->targets[i]->offset, end);
		end += message->targets[i]->n_bytes;
	}
	cr_expect_eq(message->shard_sizes[0], end);
	cr_expect_eq(message->copy_bytes + message->write_bytes, end);
	cr_expect_eq(message->copy_bytes, manifests[CK_INPUT_SOURCE]->n_bytes);
	cr_expect_eq(message->read_bytes, 0);
	cr_expect_eq(message->inputs[0]->n_variables, manifests[CK_INPUT_SOURCE]->n_variables);
	cr_expect_eq(message->exactness, CK_EXACT);
}

/* A shard ends where the next tensor would not fit; one that is larger than the limit has its own. */
Test(vm_bind, shards)
{
	static const uint64_t sizes[] = { 0, 1, 48, 100, 1000 };
	/* Of 4, 4, 16, 80, 12, 48, 0, 72 and 8 bytes. */
	static const size_t n_shards[] = { 1, 8, 6, 4, 1 };

	for (size_t i = 0; i < CK_COUNT(sizes); i++) {
		const Ck__Plan__Bound *message;
		uint64_t at = 0;
		uint32_t shard = 0;

		shard_size = sizes[i];
		message = bind_well("tf1_saver/model.ckpt-200", NULL,
				    "slots drop because \"x\"\nnew \"empty\" : f32[0, 7] = zeros\nkeep rest")->message->bound;
		for (size_t j = 0; j < message->n_targets; j++) {
			const Ck__Plan__Target *target = message->targets[j];

			if (sizes[i] && at && target->n_bytes && at + target->n_bytes > sizes[i]) {
				cr_expect_eq(message->shard_sizes[shard], at);
				shard++;
				at = 0;
			}
			cr_expect(target->shard == shard && target->offset == at, "%llu: %zu", (unsigned long long)sizes[i], j);
			at += target->n_bytes;
		}
		cr_expect(message->n_shard_sizes == shard + 1 && message->shard_sizes[shard] == at);
		cr_expect_eq(message->n_shard_sizes, n_shards[i], "%llu: %zu", (unsigned long long)sizes[i], message->n_shard_sizes);
	}
	shard_size = 0;
}

/* ---- code */

/* The part of a listing that is a target's code, without spaces at the ends of lines. */
static const char *code_of(const struct ck_plan *bound, const char *label)
{
	struct ck_buf out = { 0 };
	struct ck_str text, start = ck_str_format(arena, "\ntarget \"%s\"", label);
	const char *found, *code, *end;

	ck_plan_disasm(bound, &out);
	text = ck_str_copy(arena, ck_buf_view(&out));
	ck_buf_clear(&out);
	found = strstr(text.p, start.p);
	cr_assert(found, "no target %s", label);
	code = strstr(found, "bytes\n") + 6;
	end = strstr(code, "\n\n");
	return ck_str_copy(arena, (struct ck_str){ code, end ? (size_t)(end + 1 - code) : strlen(code) }).p;
}

Test(vm_bind, code)
{
	const struct ck_plan *bound = bind_well("tf1_saver/model.ckpt-200", NULL,
						"map (\"dense/kernel\", \"dense/kernel\" | transpose(0, 1) | flip(0))"
						" | concat(axis=1) | cast(f64) -> \"w\"\n"
						"map also \"dense/bias\" : f32[n] | grow(axis=0, to=n+2, with=uniform(-1, 1)) -> \"b\"\n"
						"new \"s\" : string[2] = zeros\n"
						"keep rest");

	cr_expect_str_eq(code_of(bound, "w@m"), "    LOAD       r0 <- source 7  : f32[5, 4]\n"
						"    LOAD       r1 <- source 7  : f32[5, 4]\n"
						"    TRANSPOSE  r2 <- r1  axes=[0, 1]\n"
						"    FLIP       r3 <- r2  axis=0\n"
						"    CONCAT     r4 <- r0 r3  axis=1\n"
						"    CAST       r5 <- r4  dtype=f64\n");
	cr_expect_str_eq(code_of(bound, "b"), "    LOAD       r0 <- source 2  : f32[4]\n"
					      "    GROW       r1 <- r0  axis=0  to=6  with=uniform(-1, 1, 0)\n");
	cr_expect_str_eq(code_of(bound, "b@v"), "    LOAD       r0 <- source 4  : f32[4]\n"
						"    GROW       r1 <- r0  axis=0  to=6\n");
	cr_expect_eq(find_target(bound, "s")->n_bytes, 6);
	cr_expect(find_target(bound, "s")->is_new && !find_target(bound, "s")->unchanged);
}

/* A value that several operators read is made once. */
Test(vm_bind, shared_values)
{
	const struct ck_plan *bound = bind_well("tf1_saver/model.ckpt-200", NULL,
						"slots drop because \"x\"\n"
						"map \"dense/kernel\" | split(axis=0, sizes=[2, 3]) | concat(axis=0) -> \"w\"\nkeep rest");

	cr_expect_str_eq(code_of(bound, "w"), "    LOAD       r0 <- source 6  : f32[5, 4]\n"
					      "    SLICE      r1 <- r0  axis=0  start=0  stop=2\n"
					      "    SLICE      r2 <- r0  axis=0  start=2  stop=5\n"
					      "    CONCAT     r3 <- r1 r2  axis=0\n");
	cr_expect_eq(find_target(bound, "w")->n_registers, 4);
}

/* The fill `template` is no fill in bound code. */
Test(vm_bind, template_rows)
{
	const struct ck_plan *bound = bind_well("tf2_checkpoint/checkpoint_linear-1", "tf2_checkpoint/checkpoint_widened-1",
						"map \"model/w\" | grow(axis=-1, to=2, with=template) -> \"model/dense/_kernel\"\n"
						"map \"model/b\" | pad(axis=0, before=1, with=template) -> \"model/dense/bias\"\n"
						"new \"optimizer/*\" = template\n"
						"drop \"optimizer/**\" because \"x\"\nkeep rest");

	cr_expect_str_eq(code_of(bound, "model/dense/_kernel"), "    LOAD       r0 <- source 2  : f32[1, 1]\n"
								"    LOAD       r1 <- template 1  : f32[1, 2]\n"
								"    SLICE      r2 <- r1  axis=1  start=1  stop=2\n"
								"    CONCAT     r3 <- r0 r2  axis=1\n");
	cr_expect(find_target(bound, "optimizer/_iterations")->unchanged && find_target(bound, "optimizer/_iterations")->is_new);
}

/* What only changes the shape is carried, whatever the operator. */
Test(vm_bind, unchanged)
{
	static const struct {
		const char *operators;
		bool unchanged;
	} rows[] = {
		{ "reshape(4, -1)", true },
		{ "unsqueeze(1)", true },
		{ "unsqueeze(0) | squeeze(0)", true },
		{ "unsqueeze(0) | transpose(1, 0, 2)", true },
		{ "transpose(0, 1)", true },
		{ "transpose", false },
		{ "rearrange(\"a (b c) -> a b c\", b=2)", true },
		{ "rearrange(\"a (b c) -> (a b) c\", b=2)", true },
		{ "rearrange(\"a (b c) -> b a c\", b=2)", false },
		{ "rearrange(\"a b -> a 1 b\")", true },
		{ "cast(f32)", true },
		{ "cast(f64)", false },
		{ "flip(0)", false },
		{ "slice(0, 0, 5)", false },
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		const char *text = ck_str_format(arena, "slots drop because \"x\"\nmap \"dense/kernel\" | %s -> same\nkeep rest", rows[i].operators).p;
		const Ck__Plan__Target *target = find_target(bind_well("tf1_saver/model.ckpt-200", NULL, text), "dense/kernel");

		cr_expect_eq(target->unchanged, rows[i].unchanged, "%s", rows[i].operators);
		cr_expect(!target->kept && !target->is_new);
	}
}

/* ---- cost, exactness */

Test(vm_bind, cost)
{
	const struct ck_plan *bound;
	const Ck__Plan__Bound *message;
	const char *text = "slots drop because \"x\"\nmap \"dense/kernel\" | transpose -> (\"a\", \"b\", \"c\")\n"
			   "keep \"dense/bias\"\ndrop rest because \"x\"";
	uint64_t peak;

	memory = 100;
	/* The kernel (80 bytes) is read once and written three times, the bias is carried; all else goes. */
	bound = bind_well("tf1_saver/model.ckpt-200", NULL, text);
	message = bound->message->bound;
	cr_expect_eq(message->read_bytes, 80);
	cr_expect_eq(message->write_bytes, 240);
	cr_expect_eq(message->copy_bytes, 16);
	peak = message->peak_bytes;
	memory = 0;
	bound = bind_well("tf1_saver/model.ckpt-200", NULL, text);
	/* 16 bytes to copy, 80 to read and as many to work on, 240 to write: --memory cuts them, and nothing else. */
	cr_expect_eq(bound->message->bound->peak_bytes - peak, 16 + 80 + 80 + 240 - 100);
}

/* Numbers in Code.rules say nothing about the text's order: the kinds of the rules are looked at. */
Test(vm_bind, exactness)
{
	static const struct {
		const char *text;
		enum ck_exactness exactness;
		size_t n_rules;
	} rows[] = {
		{ "keep rest", CK_EXACT, 0 },
		{ "map \"dense/*\" -> \"d/*\"\nkeep rest", CK_EXACT, 0 },
		{ "map \"dense/kernel\" | transpose | reshape(-1) | flip(0) | roll(0, 2) -> same\nkeep rest", CK_EXACT, 0 },
		{ "map \"dense/kernel\" | cast(f64) -> same\nkeep rest", CK_EXACT, 0 },
		{ "map \"dense/kernel\" | cast(bf16) -> same\nkeep rest", CK_LOSSY, 1 },
		{ "map \"dense/kernel\" | take(0, [4, 3, 2, 1, -5]) -> same\nkeep rest", CK_EXACT, 0 },
		{ "map \"dense/kernel\" | take(0, [4, 3, 2, 1, 1]) -> same\nkeep rest", CK_LOSSY, 1 },
		{ "map \"dense/kernel\" | take(0, [1, 0]) -> same\nkeep rest", CK_LOSSY, 1 },
		{ "map \"dense/kernel\" | slice(0, 0, 2) -> same\nkeep rest", CK_LOSSY, 1 },
		{ "map \"dense/kernel\" [1:] -> same\nkeep rest", CK_LOSSY, 1 },
		{ "map \"dense/kernel\" | split(axis=0, sizes=[2, 3]) -> (\"a\", \"b\")\nkeep rest", CK_EXACT, 0 },
		{ "map \"dense/kernel\" | split(axis=0, sizes=[2, 3]) | pick(0) -> \"a\"\nkeep rest", CK_LOSSY, 1 },
		{ "map \"dense/kernel\" | grow(axis=0, to=9) | tile(axis=1, n=2) -> same\nkeep rest", CK_EXACT, 0 },
		{ "new \"x\" : f32[2] = ones\nkeep rest", CK_EXACT, 0 },
		{ "drop \"beta1_power\" because \"x\"\nkeep rest", CK_ONE_WAY, 1 },
		{ "drop optional \"nothing\" because \"x\"\nkeep rest", CK_EXACT, 0 },
		{ "drop \"beta1_power\" because \"x\"\nmap \"dense/kernel\" [1:] -> same\nkeep rest", CK_ONE_WAY, 2 },
		{ "slots drop because \"x\"\nkeep rest", CK_ONE_WAY, 0 },
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		const Ck__Plan__Bound *message = bind_well("tf1_saver/model.ckpt-200", NULL, rows[i].text)->message->bound;

		cr_expect(message->exactness == rows[i].exactness && message->n_inexact_rules == rows[i].n_rules, "%s: %u, %zu rules", rows[i].text,
			  message->exactness, message->n_inexact_rules);
	}
}

/* ---- refusals */

Test(vm_bind, refusals)
{
	static const struct {
		const char *source, *onto, *text, *code, *says;
	} rows[] = {
		{ "tf1_saver/model.ckpt-200", NULL, "map also \"beta1_power\" -> \"dense/kernel/Adam\"\nkeep rest", "E0212",
		  "two targets would be written as \"dense/kernel/Adam\"" },
		{ "tf2_legacy_adam/adam_amsgrad-1", NULL, "target names\nkeep rest", "E0410", "tf1 has no name for the slot \"vhat\"" },
		{ "tf2_legacy_adam/adam-1", NULL, "target names\nkeep rest\nalias \"a\" = \"save_counter\"", "E0409", "alias \"a\" =" },
		{ "tf2_legacy_adam/adam-1", NULL, "keep rest\nalias \"a\" = \"save_count\"", "E0411", "did you mean \"save_counter\"" },
		{ "tf2_legacy_adam/adam-1", NULL, "keep rest\nalias \"model\" = \"save_counter\"", "E0411", "alias \"model\" =" },
		{ "tf2_legacy_adam/adam-1", NULL, "map also \"optimizer/iter\" -> \"a.b\"\nkeep rest", "E0411", "write \"a..b\" instead" },
		{ "tf2_legacy_adam/adam-1", NULL, "map also \"model/layer_with_weights-0/bias@m\" -> \"gone@m\"\nkeep rest", "E0410", "\"gone@m\"" },
		{ "tf2_keras3/adam-1", NULL, "keep rest\nnew \"save_counter@m\" = zeros", "E0410", "no place for \"save_counter@m\"" },
		{ "tf2_keras3/adam-1", NULL, "drop \"model/_functional/_operations/2/bias@m\" because \"x\"\nkeep rest", "E0410", "goes and" },
		{ "tf2_keras3/adam-1", NULL,
		  "map \"model/_functional/_operations/1/*\" -> \"model/_functional/_operations/2/*\"\n"
		  "map \"model/_functional/_operations/2/*\" -> \"model/_functional/_operations/1/*\"\nkeep rest",
		  "E0410", "changes the order" },
		{ "tf2_legacy_adam/adam-1", "tf2_legacy_adam/adam-1", "keep rest\nalias \"a\" = \"save_counter\"", "E0407", "no path \"a\"" },
		{ "tf2_legacy_adam/adam-1", "tf2_legacy_adam/adam-1", "keep rest\nalias \"optimizer\" = \"save_counter\"", "E0411", "no second path" },
		{ "tf2_legacy_adam/adam-1", NULL, "slots follow as keras3\nkeep rest", "E0410", "keras3 stores slots by position" },
		{ "tf2_optimizers/factored-1", NULL, "slots follow as keras2\nkeep rest", "E0410", "is stored otherwise" },
		{ "tf2_optimizers/twins-1", NULL, "slots follow as keras3\nkeep rest", "E0410", "nothing tells whose slots" },
		{ "tf1_saver/model.ckpt-200", NULL, "target objects\nslots follow as keras2\nkeep rest", "E0410", "--onto" },
		{ "tf1_saver/model.ckpt-200", NULL, "slots follow as keras2\nkeep rest", "E0410", "--onto" },
		{ "tf1_saver/model.ckpt-200", NULL, "slots follow as tf2\nkeep rest", "E0409", "write `target objects`" },
		{ "tf2_keras211/adam-1", "tf2_keras211/adam-1", "slots follow as tf2\nkeep rest", "E0410", "the template stores them as keras2" },
		{ "tf1_saver/model.ckpt-200", NULL, "keep rest\nnew \"x\" : f32[1Gi, 1Gi, 1Gi] = zeros", "E0306", "more than 2^63 bytes" },
		{ "tf1_saver/model.ckpt-200", NULL, "keep rest\nnew \"x\" : string[1Gi, 1Gi, 8] = zeros", "E0306", "more than 2^63 bytes" },
		{ "slices/slices", NULL, "keep rest", "E0808", "partitioned" },
		{ "byte_order_big/adam-1", NULL, "keep rest", "E0808", "big-endian" },
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		const char *text, *error;

		cr_expect_null(bind(rows[i].source, rows[i].onto, rows[i].text), "%s", rows[i].text);
		text = diags_text();
		error = strstr(text, "error[");	/* warnings may stand before it */
		cr_expect(error && strncmp(error + 6, rows[i].code, 5) == 0 && strstr(text, rows[i].says), "%s: %s", rows[i].text, text);
		cr_expect(strstr(text, "t.ckmig:"), "no place: %s", text);
	}
}
