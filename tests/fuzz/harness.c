#include "harness.h"

#include <string.h>

#include "bundle/base/io.h"
#include "bundle/graph.h"
#include "bundle/state.h"
#include "bundle/table.h"
#include "case.h"
#include "commands.h"
#include "compiler/compile.h"
#include "compiler/driver/driver.h"
#include "compiler/scaffold/scaffold.h"
#include "sums.h"
#include "vm/plan.h"

/* ---- the text of a migration */

static struct ck_plan *compile_text(struct ck_str text, struct ck_arena *arena, struct ck_diags *diags, enum ck_code *ret_code)
{
	uint32_t file = ck_diags_add_file(diags, CK_STR("fuzz.ckmig"), text);
	struct ck_ast_file *tree = NULL;
	struct ck_plan *plan = NULL;

	*ret_code = file ? ck_parse(arena, diags, file, &tree) : ck_error_nomem(diags);
	if (*ret_code == CK_OK)
		*ret_code = ck_compile(arena, diags, tree, &plan);
	return plan;
}

static void list_plan(const struct ck_plan *plan)
{
	struct ck_buf out = { 0 };

	ck_plan_disasm(plan, &out);
	check_text(ck_buf_view(&out));
	out.n = 0;
	ck_plan_disasm_json(plan, &out);
	check_json(ck_buf_view(&out));
	ck_buf_clear(&out);
}

/* A plan can be listed and carried in a file, and is the same again. */
static void check_plan(const struct ck_plan *plan, struct ck_diags *diags)
{
	struct ck_arena *arena = ck_arena_new(COMMANDS_MEMORY);
	struct ck_buf first = { 0 }, second = { 0 };
	struct ck_plan *again = NULL;

	CK_ASSERT(arena);
	list_plan(plan);
	CK_ASSERT(ck_plan_encode(plan, diags, &first) == CK_OK);
	CK_ASSERT(ck_plan_decode(ck_buf_view(&first), CK_STR("again.ckplan"), arena, diags, &again) == CK_OK);
	CK_ASSERT(ck_plan_encode(again, diags, &second) == CK_OK);
	CK_ASSERT(ck_str_equal(ck_buf_view(&first), ck_buf_view(&second)));
	ck_buf_clear(&first);
	ck_buf_clear(&second);
	ck_arena_free(arena);
}

static void fuzz_text(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags)
{
	enum ck_code code;
	struct ck_plan *plan = compile_text(input, arena, diags, &code);

	check_diags(diags, code);
	if (code == CK_OK)
		check_plan(plan, diags);
}

/* ---- plan files: a Plan message, or a whole file */

static void fuzz_plan(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_buf file = { 0 };
	struct ck_plan *plan = NULL;
	enum ck_code code;

	if (ck_plan_is(input))
		ck_buf_str(&file, input);
	else
		case_put_plan(&file, input, NULL, 0);
	code = ck_plan_decode(ck_buf_view(&file), CK_STR("fuzz.ckplan"), arena, diags, &plan);
	check_diags(diags, code);
	if (code == CK_OK)
		check_plan(plan, diags);
	ck_buf_clear(&file);
}

/* ---- index tables, whose checksums are mended first, unless the last byte is odd */

static void fuzz_table(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_pair *pairs = NULL, *again = NULL;
	size_t n_pairs = 0, n_again = 0;
	struct ck_buf out = { 0 };
	enum ck_code code;

	ck_buf_str(&out, input);
	if (out.n && !(out.p[--out.n] & 1))
		sums_mend_table(out.p, out.n);
	code = ck_table_read(ck_str_copy(arena, ck_buf_view(&out)), CK_STR("fuzz.index"), arena, arena, diags, &pairs, &n_pairs);
	check_diags(diags, code);
	out.n = 0;
	if (code == CK_OK) {
		ck_table_write(pairs, n_pairs, &out);
		CK_ASSERT(ck_table_read(ck_buf_view(&out), CK_STR("fuzz.index"), arena, arena, diags, &again, &n_again) == CK_OK);
		CK_ASSERT(n_again == n_pairs);
	}
	for (size_t i = 0; i < n_again; i++)
		CK_ASSERT(ck_str_equal(pairs[i].key, again[i].key) && ck_str_equal(pairs[i].value, again[i].value));
	ck_buf_clear(&out);
}

/* ---- object graphs */

/* Each child of a node has a name, and another one than its siblings: only then a path says where it leads. */
static bool names_are_clear(const Ck__Tf__Node *node)
{
	enum { MANY = 1000 };	/* there is no need to look at more */

	if (node->n_children > MANY)
		return false;
	for (size_t i = 0; i < node->n_children; i++) {
		if (!node->children[i]->local_name.len)
			return false;
		for (size_t j = 0; j < i; j++)
			if (ck_str_equal(ck_str_of(node->children[i]->local_name), ck_str_of(node->children[j]->local_name)))
				return false;
	}
	return true;
}

/* Paths lead somewhere. */
static void ask_graph(const struct ck_graph *graph, struct ck_arena *arena)
{
	for (size_t i = 0; i < graph->message->n_nodes; i++)
		if (!names_are_clear(graph->message->nodes[i]))
			return;
	for (uint32_t node = 0; node < graph->message->n_nodes && node < 64; node++) {
		struct ck_str *paths = NULL;
		size_t n_paths = 0;
		bool more;

		CK_ASSERT(ck_graph_paths(graph, node, 16, arena, &paths, &n_paths, &more) == CK_OK || ck_arena_failed(arena));
		for (size_t i = 0; i < n_paths && !ck_arena_failed(arena); i++)
			CK_ASSERT(ck_graph_find(graph, paths[i]) >= 0);
	}
}

static void fuzz_graph(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_graph *graph = NULL, *again = NULL;
	struct ck_buf first = { 0 }, second = { 0 };
	enum ck_code code = ck_graph_decode(input, arena, diags, &graph);

	check_diags(diags, code);
	if (code == CK_OK) {
		ask_graph(graph, arena);
		ck_graph_encode(graph, &first);
		CK_ASSERT(ck_graph_decode(ck_buf_view(&first), arena, diags, &again) == CK_OK);
		ck_graph_encode(again, &second);
		CK_ASSERT(ck_str_equal(ck_buf_view(&first), ck_buf_view(&second)));
	}
	ck_buf_clear(&first);
	ck_buf_clear(&second);
}

/* ---- state files */

static void fuzz_state(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_state *state = NULL, *again = NULL;
	enum ck_code code;

	case_write("checkpoint", input);
	code = ck_state_read(CK_STR("."), arena, diags, &state);
	check_diags(diags, code);
	(void)RUN("ls", ".");
	if (code != CK_OK)
		return;
	CK_ASSERT(ck_state_update(CK_STR("."), CK_STR("new-1"), 1.5, false, diags) == CK_OK);
	CK_ASSERT(ck_state_read(CK_STR("."), arena, diags, &again) == CK_OK && again);
	CK_ASSERT(ck_str_equal(again->model_path, CK_STR("new-1")));
}

/* ---- checkpoints */

static void show_some(const struct ck_manifest *manifest, struct ck_arena *arena)
{
	for (size_t i = 0; i < manifest->n_variables && i < 8; i++) {
		struct ck_str name = ck_str_copy(arena, ck_variable_label(manifest, &manifest->variables[i], arena));

		if (name.p && name.n && name.p[0] != '-' && !memchr(name.p, '\0', name.n))
			(void)(i % 2 ? RUN("show", "--json", "src", name.p) : RUN("show", "--force", "--npy", "out.npy", "src", name.p));
	}
}

/* Whatever is proposed can be compiled. */
static void check_scaffold(const struct ck_manifest *manifest, const struct ck_manifest *onto, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_scaffold *scaffold = NULL;
	enum ck_code code = ck_scaffold(manifest, onto, arena, diags, &scaffold);

	check_diags(diags, code);
	if (code == CK_OK) {
		(void)compile_text(scaffold->text, arena, diags, &code);
		check_diags(diags, code);
		CK_ASSERT(code == CK_OK || code == CK_NOMEM);
	}
}

static void fuzz_checkpoint(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_manifest *manifest = NULL, *onto = NULL;
	struct fuzz_case parts;
	struct ck_str pattern;
	enum ck_code code;

	case_read(input, &parts);
	case_write_checkpoint(arena, input, "src");
	if (parts.onto.p)
		case_write_checkpoint(arena, parts.onto, "onto");
	code = ck_manifest_open(CK_STR("src"), diags, &manifest);
	check_diags(diags, code);
	if (code == CK_OK) {
		pattern = ck_str_copy(arena, parts.text.p ? parts.text : CK_STR("**"));
		(void)RUN("ls", "--slots", "src");
		(void)RUN("ls", "--graph", "--json", "src");
		(void)RUN("ls", "--graph", "src");
		(void)RUN("ls", "--json", "--", "src", pattern.p);
		(void)RUN("verify", "--jobs", "1", "--memory", "16Mi", "src");
		if (parts.file.p) {
			case_write("f", parts.file);
			(void)RUN("verify", "--jobs", "1", "--memory", "16Mi", "f", "src");
		}
		show_some(manifest, arena);
		if (parts.onto.p && ck_manifest_open(CK_STR("onto"), diags, &onto) == CK_OK)
			check_scaffold(manifest, onto, arena, diags);
		else if (diags->n_errors == 0)
			check_scaffold(manifest, NULL, arena, diags);
	}
	ck_manifest_free(manifest);
	ck_manifest_free(onto);
}

/* ---- whole runs */

/* Options that name no file. */
static void add_options(struct arguments *arguments, const struct fuzz_case *parts, struct ck_arena *arena, enum ck_command command)
{
	static const struct {
		const char *begin;
		enum ck_option option;
	} allowed[] = { { "--set=", CK_OPTION_SET }, { "--data=", CK_OPTION_DATA }, { "--shard-size=", CK_OPTION_SHARD_SIZE },
			{ "--verify=", CK_OPTION_VERIFY }, { "--json", CK_OPTION_JSON }, { "--expand", CK_OPTION_EXPAND } };

	for (size_t i = 0; i < parts->n_options; i++)
		for (size_t j = 0; j < CK_COUNT(allowed); j++)
			if (ck_str_starts(parts->options[i], ck_str(allowed[j].begin)) && ck_option_applies(allowed[j].option, command))
				add_argument(arguments, ck_str_copy(arena, parts->options[i]).p);
	if (parts->onto.p) {
		add_argument(arguments, "--onto");
		add_argument(arguments, "onto");
	}
	if (parts->teacher.p) {
		add_argument(arguments, "--input");
		add_argument(arguments, "teacher=teacher");
	}
}

static void write_parts(struct ck_str input, const struct fuzz_case *parts, struct ck_arena *arena, struct ck_diags *diags)
{
	static const char *const names[] = { "src", "onto", "teacher" };
	const struct ck_str messages[] = { input, parts->onto, parts->teacher };
	uint8_t digests[CK_COUNT(names)][CK_SHA256] = { { 0 } };
	struct ck_buf file = { 0 };
	struct ck_str index;
	size_t n = 0;

	for (size_t i = 0; i < CK_COUNT(names); i++) {
		if (i && !messages[i].p)
			continue;
		case_write_checkpoint(arena, messages[i], names[i]);
		CK_ASSERT(ck_read_file(ck_str_format(arena, "%s.index", names[i]).p, 64 << 20, arena, &index) && ck_sha256(index, digests[n++]));
	}
	if (parts->plan.p)
		case_put_plan(&file, parts->plan, digests, n);
	else
		ck_buf_str(&file, parts->text);
	case_write("m", ck_buf_view(&file));
	ck_buf_clear(&file);
	if (parts->file.p)
		case_write("f", parts->file);
	(void)diags;
}

/* The bound plan that `plan -o` wrote is one, and its output is not too large to be tried. */
static bool is_worth_running(struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_plan *plan = NULL;
	struct ck_str bytes;
	uint64_t n = 0;

	CK_ASSERT(ck_read_file("bound", 64 << 20, arena, &bytes));
	if (ck_plan_decode(bytes, CK_STR("bound"), arena, diags, &plan) != CK_OK) {
		CK_ASSERT(ck_arena_failed(arena));
		return false;
	}
	list_plan(plan);
	CK_ASSERT(plan->message->bound);
	for (size_t i = 0; i < plan->message->bound->n_shard_sizes; i++)
		if (!ck_add(n, plan->message->bound->shard_sizes[i], &n))
			return false;
	return n <= COMMANDS_MAX_OUTPUT && plan->message->bound->n_shard_sizes <= 256;
}

/* What is written can be read, has the checksums that it should, and is what the report says. */
static void check_output(void)
{
	struct arguments arguments = { { NULL }, 0 };
	bool differs = false;

	add_argument(&arguments, "ckmig");
	add_argument(&arguments, "verify");
	add_argument(&arguments, "--jobs=1");
	add_argument(&arguments, "out.report.json");
	add_argument(&arguments, "out");
	CK_ASSERT(run_command(&arguments, &differs) == CK_OK && !differs);
}

static void fuzz_run(struct ck_str input, struct ck_arena *arena, struct ck_diags *diags)
{
	struct arguments arguments = { { NULL }, 0 };
	struct fuzz_case parts;

	case_read(input, &parts);
	write_parts(input, &parts, arena, diags);
	add_argument(&arguments, "ckmig");
	add_argument(&arguments, "plan");
	add_options(&arguments, &parts, arena, CK_COMMAND_plan);
	add_argument(&arguments, "-o");
	add_argument(&arguments, "bound");
	add_argument(&arguments, "m");
	add_argument(&arguments, "src");
	if (run_command(&arguments, NULL) != CK_OK || !is_worth_running(arena, diags))
		return;
	arguments.n = 1;
	add_argument(&arguments, "run");
	add_options(&arguments, &parts, arena, CK_COMMAND_run);
	add_argument(&arguments, "--no-sync");
	add_argument(&arguments, "--jobs=1");
	add_argument(&arguments, "--memory=16Mi");
	add_argument(&arguments, "-o");
	add_argument(&arguments, "out");
	add_argument(&arguments, parts.n_options % 2 ? "m" : "bound");
	add_argument(&arguments, "src");
	if (run_command(&arguments, NULL) == CK_OK)
		check_output();
}

/* ---- all of them */

static const struct harness harnesses[] = {
	{ "text", fuzz_text, false }, { "plan", fuzz_plan, true }, { "table", fuzz_table, false }, { "graph", fuzz_graph, true },
	{ "state", fuzz_state, false }, { "checkpoint", fuzz_checkpoint, true }, { "run", fuzz_run, true },
};

const struct harness *harness_find(const char *name)
{
	for (size_t i = 0; name && i < CK_COUNT(harnesses); i++)
		if (strcmp(harnesses[i].name, name) == 0)
			return &harnesses[i];
	return NULL;
}
