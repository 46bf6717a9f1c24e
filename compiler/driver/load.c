#include "compiler/driver/load.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/base/thread.h"
#include "bundle/path.h"
#include "compiler/compile.h"
#include "compiler/driver/saved_model.h"
#include "vm/series.h"

/* Somebody wrote a checkpoint where FILE belongs. */
static void hint_checkpoint(struct ck_driver *driver, struct ck_str path)
{
	struct ck_stat index, itself;
	struct ck_str name = ck_str_format(driver->arena, "%.*s.index", CK_STR_ARG(path));
	bool is_folder = ck_stat_path(path.p, &itself) && itself.is_dir;
	struct ck_diags *diags = &driver->diags;
	if (name.p && diags->n_items && ((ck_stat_path(name.p, &index) && index.exists) || is_folder))
		ck_diag_help(diags, ck_diags_last(diags), "this is a %s; the migration (FILE) comes before the checkpoint (SOURCE)",
			     is_folder ? "folder" : "checkpoint");
}

/* Somebody left SOURCE out, and the last FILE is taken for it. */
static void hint_migration(struct ck_driver *driver, struct ck_str path)
{
	if (ck_str_ends(path, CK_STR(".ckmig")) || ck_str_ends(path, CK_STR(".ckplan")))
		ck_diag_help(&driver->diags, ck_diags_last(&driver->diags),
			     "this is a migration; the checkpoint to migrate (SOURCE) comes after it, as the last operand");
}

/* Files that operators name are looked for where FILE is. */
static enum ck_code set_directory(struct ck_driver *driver, struct ck_str path, struct ck_plan *plan)
{
	plan->directory = ck_path_dir(driver->arena, path).p;
	for (size_t i = 0; plan->series && i < plan->series->n_parts; i++)
		plan->series->parts[i]->directory = plan->directory;
	return plan->directory ? CK_OK : ck_error_nomem(&driver->diags);
}

static enum ck_code read_text(struct ck_driver *driver, struct ck_str path, struct ck_str text, struct ck_plan **ret_plan)
{
	struct ck_ast_file *tree;
	struct ck_str name = ck_str_equal(path, CK_STR("-")) ? CK_STR("standard input") : path;
	uint32_t file = ck_diags_add_file(&driver->diags, name, text);
	driver->stage = CK_STAGE_COMPILE;
	if (file == 0)
		return ck_error_nomem(&driver->diags);
	enum ck_code code = ck_parse(driver->arena, &driver->diags, file, &tree);
	if (!code)
		code = ck_compile(driver->arena, &driver->diags, tree, ret_plan);
	return code;
}

enum ck_code ck_load_plan(struct ck_driver *driver, struct ck_str path, struct ck_plan **ret_plan)
{
	struct ck_str bytes;
	driver->stage = CK_STAGE_COMMAND;
	if (!ck_read_file(path.p, CK_PLAN_LIMIT / 8, driver->arena, &bytes)) {
		enum ck_code code = ck_error_io(&driver->diags, "read", ck_str_equal(path, CK_STR("-")) ? CK_STR("standard input") : path);
		hint_checkpoint(driver, path);
		return code;
	}
	if (ck_plan_is(bytes)) {
		ck_say(driver, "%.*s is a plan", CK_STR_ARG(ck_name_text(driver->arena, path)));
		enum ck_code code = ck_plan_decode(bytes, path, driver->arena, &driver->diags, ret_plan);
		return code ? code : set_directory(driver, path, *ret_plan);
	}
	if (bytes.n > CK_MAX_TEXT) {
		ck_error(&driver->diags, CK_USAGE, (struct ck_span){0}, "\"%.*s\" has %zu bytes and is no plan; a migration has at most %d",
			 CK_STR_ARG(ck_name_text(driver->arena, path)), bytes.n, CK_MAX_TEXT);
		hint_checkpoint(driver, path);
		return CK_USAGE;
	}
	enum ck_code code = read_text(driver, path, bytes, ret_plan);
	return code ? code : set_directory(driver, path, *ret_plan);
}

size_t ck_n_files(const struct ck_driver *driver)
{
	size_t n = driver->options.n_operands;
	return n > 1 ? n - 1 : n;
}

static enum ck_code check_stdin(struct ck_driver *driver, const struct ck_str *paths, size_t n)
{
	size_t n_stdin = 0;
	for (size_t i = 0; i < n; i++)
		n_stdin += ck_str_equal(paths[i], CK_STR("-"));
	if (n_stdin <= 1)
		return CK_OK;
	ck_usage_error(&driver->diags, driver->options.command, "\"-\" is given twice, and there is one standard input");
	return CK_USAGE;
}

static enum ck_code refuse_bound(struct ck_driver *driver, struct ck_str path)
{
	struct ck_diag *diag = ck_usage_error(&driver->diags, driver->options.command, "\"%.*s\" is a bound plan: it is made for one checkpoint, "
					      "and cannot be one of several", CK_STR_ARG(ck_name_text(driver->arena, path)));
	ck_diag_help(&driver->diags, diag, "name the migrations it was made of instead");
	return CK_USAGE;
}

enum ck_code ck_load_files(struct ck_driver *driver, const struct ck_str *paths, size_t n, struct ck_plan **ret_plan)
{
	struct ck_plan **plans = ck_arena_array(driver->arena, n, sizeof(*plans));
	enum ck_code first = plans ? check_stdin(driver, paths, n) : ck_error_nomem(&driver->diags);
	if (first)
		return first;
	for (size_t i = 0; i < n; i++) {
		enum ck_code code = ck_load_plan(driver, paths[i], &plans[i]);
		if (!code && n > 1 && ck_plan_is_bound(plans[i]))
			code = refuse_bound(driver, paths[i]);
		first = first ? first : code;
	}
	if (first)
		return first;
	driver->stage = n > 1 ? CK_STAGE_COMPILE : driver->stage;
	return ck_series_make(plans, n, driver->arena, &driver->diags, ret_plan);
}

/* ---- Inputs. */

/* Number of a declared input, or SIZE_MAX. */
static size_t find_declared(const struct ck_plan *plan, struct ck_str name)
{
	for (size_t i = 0; i < ck_plan_n_inputs(plan); i++) {
		if (ck_str_equal(ck_plan_input_name(plan, (uint32_t)(CK_INPUT_DECLARED + i)), name))
			return i;
	}
	return SIZE_MAX;
}

static enum ck_code unknown_input(struct ck_driver *driver, const struct ck_plan *plan, struct ck_str name)
{
	size_t n = ck_plan_n_inputs(plan);
	struct ck_diag *diag = ck_usage_error(&driver->diags, driver->options.command, "--input %.*s: the migration declares no such input",
					      CK_STR_ARG(ck_name_text(driver->arena, name)));
	struct ck_suggest suggest;
	ck_suggest_init(&suggest, name);
	for (size_t i = 0; i < n; i++)
		ck_suggest_offer(&suggest, ck_plan_input_name(plan, (uint32_t)(CK_INPUT_DECLARED + i)));
	ck_suggest_help(&suggest, &driver->diags, diag, "");
	if (n == 0)
		ck_diag_help(&driver->diags, diag, "declare it in the migration: input %.*s", CK_STR_ARG(ck_name_text(driver->arena, name)));
	return CK_USAGE;
}

/* Where a bound plan found an input; p is NULL when it has none. */
static struct ck_str recorded_path(struct ck_driver *driver, const struct ck_plan *plan, size_t input)
{
	const Ck__Plan__Bound *bound = plan->message->bound;
	for (size_t i = 0; bound && i < bound->n_inputs; i++) {
		if (bound->inputs[i]->input == input)
			return ck_str_copy(driver->arena, ck_str_of(bound->inputs[i]->path));
	}
	return (struct ck_str){NULL, 0};
}

/* Fills paths[n] from the recorded ones, the operands and the options. */
static enum ck_code find_paths(struct ck_driver *driver, const struct ck_plan *plan, struct ck_str source, struct ck_str *paths, size_t n)
{
	const struct ck_options *options = &driver->options;
	bool *is_given = ck_arena_array(driver->arena, n, sizeof(*is_given));
	if (!is_given)
		return ck_error_nomem(&driver->diags);
	for (size_t i = 0; i < n; i++)
		paths[i] = recorded_path(driver, plan, i);
	if (ck_plan_is_bound(plan) && ck_option_given(options, CK_OPTION_ONTO) && !paths[CK_INPUT_TEMPLATE].p)
		ck_usage_error(&driver->diags, options->command, "--onto has no use with this bound plan: it was made without a template");
	if (source.p)
		paths[CK_INPUT_SOURCE] = source;
	if (ck_option_given(options, CK_OPTION_ONTO))
		paths[CK_INPUT_TEMPLATE] = ck_option_text(options, CK_OPTION_ONTO);
	for (size_t i = 0; i < options->n_given; i++) {
		struct ck_str value = options->given[i].value;
		if (options->given[i].option != CK_OPTION_INPUT)
			continue;
		size_t equals = ck_str_find(value, '=');
		size_t declared = find_declared(plan, ck_str_slice(value, 0, equals));
		if (declared == SIZE_MAX)
			return unknown_input(driver, plan, ck_str_slice(value, 0, equals));
		if (is_given[declared])
			ck_usage_error(&driver->diags, options->command, "--input %.*s is given twice",
				       CK_STR_ARG(ck_name_text(driver->arena, ck_str_slice(value, 0, equals))));
		is_given[declared] = true;
		paths[CK_INPUT_DECLARED + declared] = ck_str(value.p + equals + 1);
	}
	/* ck_bind() tells which declared inputs are not given. */
	if (!paths[CK_INPUT_SOURCE].p)
		ck_usage_error(&driver->diags, options->command, "the checkpoint to migrate (SOURCE) is not given");
	return driver->diags.first_error;
}

enum ck_code ck_load_inputs(struct ck_driver *driver, const struct ck_plan *plan, struct ck_str source, struct ck_loaded_inputs *ret)
{
	size_t n = CK_INPUT_DECLARED + ck_plan_n_inputs(plan);
	struct ck_str *paths = ck_arena_array(driver->arena, n, sizeof(*paths));
	struct ck_manifest **manifests = ck_arena_array(driver->arena, n, sizeof(struct ck_manifest *));
	driver->stage = CK_STAGE_COMMAND;
	if (!paths || !manifests)
		return ck_error_nomem(&driver->diags);
	*ret = (struct ck_loaded_inputs){{n, (const struct ck_manifest *const *)manifests}, manifests};
	enum ck_code code = find_paths(driver, plan, source, paths, n);
	if (!code)
		code = ck_saved_model_choose(driver, paths[CK_INPUT_SOURCE], &paths[CK_INPUT_TEMPLATE], ck_plan_is_bound(plan));
	for (size_t i = 0; i < n && !code; i++) {
		if (paths[i].p && i != CK_INPUT_TARGET)
			code = ck_manifest_open(paths[i], &driver->diags, &manifests[i]);
		if (code == CK_NO_CHECKPOINT && i == CK_INPUT_SOURCE)
			hint_migration(driver, paths[i]);
		if (!code && manifests[i])
			ck_say(driver, "%.*s: %zu keys, %zu data files", CK_STR_ARG(ck_name_text(driver->arena, manifests[i]->prefix)),
			       manifests[i]->n_variables, manifests[i]->n_shards);
	}
	return code;
}

void ck_loaded_inputs_clear(struct ck_loaded_inputs *inputs)
{
	for (size_t i = 0; i < inputs->inputs.n; i++)
		ck_manifest_free(inputs->manifests[i]);
	inputs->inputs.n = 0;
}

enum ck_code ck_input_files(struct ck_driver *driver, const struct ck_loaded_inputs *inputs, struct ck_str **ret_files, size_t *ret_n)
{
	struct ck_str *files = ck_arena_array(driver->arena, inputs->inputs.n + ck_n_files(driver), sizeof(*files));
	size_t n = 0;
	for (size_t i = 0; files && i < inputs->inputs.n; i++) {
		if (inputs->manifests[i])
			files[n++] = ck_str_format(driver->arena, "%.*s.index", CK_STR_ARG(inputs->manifests[i]->prefix));
	}
	for (size_t i = 0; files && i < ck_n_files(driver); i++)
		files[n++] = driver->options.operands[i];
	if (ck_arena_failed(driver->arena))
		return ck_error_nomem(&driver->diags);
	*ret_files = files;
	*ret_n = n;
	return CK_OK;
}

/* ---- Settings: --set NAME=VALUE, of the kind that the param has. */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const Ck__Plan__Param *find_param(const struct ck_plan *plan, struct ck_str name)
{
	for (size_t i = 0; i < ck_plan_n_parts(plan); i++) {
		const Ck__Plan__Code *code = ck_plan_part(plan, i)->message->code;
		for (size_t j = 0; j < code->n_params; j++) {
			if (ck_str_equal(ck_str_of(code->params[j]->name), name))
				return code->params[j];
		}
	}
	return NULL;
}

/* A number as the language writes it, without the `_` that stand between digits; p is NULL when it is none, or too long. */
static struct ck_str without_underscores(struct ck_str text, char *buffer, size_t n_buffer)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		bool between = i > 0 && i + 1 < text.n && is_digit(text.p[i - 1]) && is_digit(text.p[i + 1]);
		if (text.p[i] == '_' && between)
			continue;
		if (text.p[i] == '_' || n + 1 == n_buffer)
			return (struct ck_str){NULL, 0};
		buffer[n++] = text.p[i];
	}
	buffer[n] = '\0';
	return (struct ck_str){buffer, n};
}

static bool read_int(struct ck_str text, int64_t *ret_number)
{
	char buffer[64];
	struct ck_str plain = without_underscores(text, buffer, sizeof(buffer));
	bool negative = ck_str_starts(plain, CK_STR("-"));
	uint64_t size;
	if (!plain.p || !ck_size_read(ck_str_slice(plain, negative, plain.n), &size))
		return false;
	*ret_number = negative ? -(int64_t)size : (int64_t)size;
	return true;
}

static bool read_float(struct ck_str text, double *ret_number)
{
	char buffer[400], *end;
	struct ck_str plain = without_underscores(text, buffer, sizeof(buffer));
	if (!plain.p)
		return false;
	errno = 0;
	*ret_number = strtod(plain.p, &end);
	if (errno == ERANGE && (isinf(*ret_number) || *ret_number == 0)) /* 1e400 is no infinity, as in the text */
		return false;
	bool is_hex = ck_str_find(plain, 'x') < plain.n || ck_str_find(plain, 'X') < plain.n;
	return plain.n && !is_hex && plain.p[0] > ' ' && *end == '\0';
}

/* Text that does not look like its param stays text; ck_bind() says what is wrong with it, and what names are unknown. */
static void read_setting(const struct ck_plan *plan, struct ck_str given, struct ck_setting *ret_setting)
{
	size_t equals = ck_str_find(given, '=');
	struct ck_str text = ck_str(given.p + equals + 1);
	struct ck_value value = {.kind = CK_EXPR_TEXT, .text = text};
	const Ck__Plan__Param *param = find_param(plan, ck_str_slice(given, 0, equals));
	if (param && param->value && param->value->kind == CK_EXPR_INT && read_int(text, &value.integer))
		value.kind = CK_EXPR_INT;
	if (param && param->value && param->value->kind == CK_EXPR_FLOAT && read_float(text, &value.number))
		value.kind = CK_EXPR_FLOAT;
	*ret_setting = (struct ck_setting){ck_str_slice(given, 0, equals), value};
}

static enum ck_code read_settings(struct ck_driver *driver, const struct ck_plan *plan, struct ck_bind_options *bind)
{
	const struct ck_options *options = &driver->options;
	struct ck_setting *settings = ck_arena_array(driver->arena, options->n_given + 1, sizeof(*settings));
	if (!settings)
		return ck_error_nomem(&driver->diags);
	for (size_t i = 0; i < options->n_given; i++) {
		if (options->given[i].option != CK_OPTION_SET)
			continue;
		struct ck_setting *setting = &settings[bind->n_settings];
		read_setting(plan, options->given[i].value, setting);
		for (size_t j = 0; j < bind->n_settings; j++) {
			if (!ck_str_equal(settings[j].name, setting->name))
				continue;
			ck_usage_error(&driver->diags, options->command, "--set %.*s is given twice",
				       CK_STR_ARG(ck_name_text(driver->arena, setting->name)));
			return CK_USAGE;
		}
		bind->n_settings++;
	}
	bind->settings = settings;
	return CK_OK;
}

/* ---- Bound plans. */

/* Everything that was decided when a bound plan was made can no longer be chosen. */
static enum ck_code refuse_bind_options(struct ck_driver *driver)
{
	static const struct { enum ck_option option; const char *text; } decided[] = {
		{CK_OPTION_SET, "--set"}, {CK_OPTION_SHARD_SIZE, "--shard-size"}, {CK_OPTION_DATA, "--data"},
	};
	for (size_t i = 0; i < CK_COUNT(decided); i++) {
		if (ck_option_given(&driver->options, decided[i].option))
			ck_usage_error(&driver->diags, driver->options.command,
				       "%s has no use with a bound plan: it was decided when the plan was made", decided[i].text);
	}
	return driver->diags.first_error;
}

/* A data file of the source, to try links with; p NULL: it has none. */
static struct ck_str a_data_file(struct ck_driver *driver, const struct ck_manifest *manifest)
{
	for (size_t i = 0; i < manifest->n_variables && manifest->has_data; i++) {
		const struct ck_variable *variable = &manifest->variables[i];
		if (!variable->n_slices && variable->place.n_bytes)
			return ck_path_data(driver->arena, manifest->prefix, variable->place.shard, manifest->n_shards);
	}
	return (struct ck_str){NULL, 0};
}

static void warn_no_link(struct ck_driver *driver, struct ck_str from, const char *what)
{
	struct ck_diag *diag = ck_warn(&driver->diags, CK_NO_LINK, (struct ck_span){0}, "\"%.*s\" cannot be linked into the output's folder: %s",
				       CK_STR_ARG(ck_name_text(driver->arena, from)), what);
	ck_diag_help(&driver->diags, diag, "hard links want the output on the file system of the source, and one that has them");
}

/*
 * Whether shards of the source become shards of the output, and how. --data=link: by hard links, where they can be made. auto: by
 * clones, where the file system has them, so that nothing is shared that could be edited.
 */
static bool wants_links(struct ck_driver *driver, const struct ck_loaded_inputs *inputs)
{
	enum { AUTO, COPY, LINK };
	size_t data = ck_option_word(&driver->options, CK_OPTION_DATA);
	struct ck_str output = ck_option_text(&driver->options, CK_OPTION_OUTPUT);
	struct ck_str from = a_data_file(driver, inputs->manifests[CK_INPUT_SOURCE]);
	if (driver->options.command != CK_COMMAND_run)
		return data == LINK;
	driver->link_how = data == LINK ? CK_LINK_HARD : CK_LINK_CLONE;
	if (data == COPY || !from.p)
		return false;
	if (ck_writer_can_link(from.p, output, driver->link_how, driver->arena))
		return true;
	if (data == LINK)
		warn_no_link(driver, from, "what is unchanged is copied");
	return false;
}

/* A plan that was bound with links keeps its layout: where links cannot be made, whole files are copied. */
static void choose_link(struct ck_driver *driver, const struct ck_plan *bound, const struct ck_loaded_inputs *inputs)
{
	const Ck__Plan__Bound *message = bound->message->bound;
	struct ck_str output = ck_option_text(&driver->options, CK_OPTION_OUTPUT);
	driver->link_how = CK_LINK_HARD;
	if (driver->options.command != CK_COMMAND_run || message->n_links == 0 || message->links[0]->input >= inputs->inputs.n)
		return;
	struct ck_str from = a_data_file(driver, inputs->manifests[message->links[0]->input]);
	if (!from.p || ck_writer_can_link(from.p, output, CK_LINK_HARD, driver->arena))
		return;
	driver->link_how = CK_LINK_COPY;
	warn_no_link(driver, from, "its whole data files are copied");
}

static enum ck_code bind(struct ck_driver *driver, const struct ck_plan *plan, const struct ck_loaded_inputs *inputs, struct ck_plan **ret_bound)
{
	struct ck_bind_options options = {
		.shard_size = ck_option_number(&driver->options, CK_OPTION_SHARD_SIZE, 0),
		.memory = ck_memory_of(driver),
		.link = wants_links(driver, inputs),
	};
	enum ck_code code = read_settings(driver, plan, &options);
	driver->stage = code ? driver->stage : CK_STAGE_BIND;
	if (!code)
		code = ck_bind(plan, &inputs->inputs, &options, driver->arena, &driver->diags, ret_bound);
	if (code && driver->fits_itself)
		ck_saved_model_explain(driver);
	if (!code)
		ck_say(driver, "bound: %zu targets", (*ret_bound)->message->bound->n_targets);
	return code;
}

enum ck_code ck_load_bound(struct ck_driver *driver, enum ck_code (*before)(struct ck_driver *, const struct ck_loaded_inputs *),
			   struct ck_loaded_inputs *ret_inputs, struct ck_plan **ret_bound)
{
	const struct ck_options *options = &driver->options;
	size_t n_files = ck_n_files(driver);
	struct ck_str source = options->n_operands > n_files ? options->operands[n_files] : (struct ck_str){NULL, 0};
	struct ck_plan *plan = NULL;
	*ret_inputs = (struct ck_loaded_inputs){0};
	enum ck_code code = ck_load_files(driver, options->operands, n_files, &plan);
	if (!code && ck_plan_is_bound(plan))
		code = refuse_bind_options(driver);
	if (!code)
		code = ck_load_inputs(driver, plan, source, ret_inputs);
	if (!code && before)
		code = before(driver, ret_inputs);
	if (code)
		return code;
	if (!ck_plan_is_bound(plan))
		return bind(driver, plan, ret_inputs, ret_bound);
	*ret_bound = plan;
	code = ck_bound_files_fresh(plan, driver->arena, &driver->diags);
	if (!code)
		code = ck_bound_fresh(plan, &ret_inputs->inputs, &driver->diags);
	if (!code)
		choose_link(driver, plan, ret_inputs);
	return code;
}

enum ck_code ck_save_plan(struct ck_driver *driver, const struct ck_plan *plan, struct ck_str path, const struct ck_str *sources,
			  size_t n_sources)
{
	struct ck_buf bytes = {0};
	bool to_stdout = ck_str_equal(path, CK_STR("-"));
	driver->stage = CK_STAGE_COMMAND;
	if (to_stdout && driver->out_is_terminal) {
		ck_usage_error(&driver->diags, driver->options.command, "a plan is binary and does not go to a terminal; give a file, or pipe it on");
		return CK_USAGE;
	}
	if (to_stdout && driver->json) {
		ck_usage_error(&driver->diags, driver->options.command, "-o - and --json: standard output is for one of them");
		return CK_USAGE;
	}
	enum ck_code code = ck_output_allowed(driver, path, sources, n_sources, ck_plan_is);
	if (!code)
		code = ck_plan_encode(plan, &driver->diags, &bytes);
	if (!code && bytes.failed)
		code = ck_error_nomem(&driver->diags);
	if (!code && to_stdout)
		ck_buf_str(&driver->out, ck_buf_view(&bytes));
	else if (!code && !ck_write_file(path.p, ck_buf_view(&bytes), false))
		code = ck_error_io(&driver->diags, "write", path);
	ck_buf_clear(&bytes);
	return code;
}

uint64_t ck_memory_of(const struct ck_driver *driver)
{
	return ck_option_number(&driver->options, CK_OPTION_MEMORY, (uint64_t)256 << 20);
}

size_t ck_jobs_of(const struct ck_driver *driver)
{
	return (size_t)ck_option_number(&driver->options, CK_OPTION_JOBS, ck_n_processors());
}
