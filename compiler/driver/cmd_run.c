#include <time.h>
#include <unistd.h>

#include "bundle/data.h"
#include "bundle/path.h"
#include "bundle/state.h"
#include "compiler/driver/saved_model.h"
#include "vm/exec.h"

/* What is written: a prefix, or the folder of a SavedModel. */
static struct ck_str output_of(struct ck_driver *driver)
{
	return driver->saved_model.p ? ck_saved_model_output(driver) : ck_option_text(&driver->options, CK_OPTION_OUTPUT);
}

/* The words of --verify are in the order of enum ck_verify_mode; without the option it is `changed`. */
static enum ck_verify_mode verify_mode(const struct ck_options *options)
{
	if (!ck_option_given(options, CK_OPTION_VERIFY))
		return CK_VERIFY_CHANGED;
	return (enum ck_verify_mode)ck_option_word(options, CK_OPTION_VERIFY);
}

/* OUT is a prefix. Somebody who names one of a checkpoint's files means the checkpoint, which may be a source. */
static enum ck_code check_prefix(struct ck_driver *driver, struct ck_str output, const struct ck_str *sources, size_t n_sources)
{
	struct ck_str prefix = output, data_prefix;
	if (ck_str_ends(output, CK_STR(".index")))
		prefix = ck_str_slice(output, 0, output.n - CK_STR(".index").n);
	else if (ck_path_is_data(output, &data_prefix))
		prefix = data_prefix;
	struct ck_str index = ck_str_format(driver->arena, "%.*s.index", CK_STR_ARG(prefix));
	struct ck_str name = ck_name_text(driver->arena, output);
	if (!index.p)
		return ck_error_nomem(&driver->diags);
	enum ck_code code = ck_output_allowed(driver, index, sources, n_sources, NULL);
	if (code)
		return code;
	struct ck_stat folder;
	if (prefix.n < output.n) {
		struct ck_diag *diag = ck_usage_error(&driver->diags, CK_COMMAND_run, "-o \"%.*s\": a prefix is wanted, not the name of a file",
						      CK_STR_ARG(name));
		ck_diag_help(&driver->diags, diag, "-o \"%.*s\" makes \"%.*s.index\" and its data files",
			     CK_STR_ARG(ck_name_text(driver->arena, prefix)), CK_STR_ARG(ck_name_text(driver->arena, prefix)));
		return CK_USAGE;
	}
	if (!ck_stat_path(output.p, &folder))
		return ck_error_io(&driver->diags, "look at", output);
	if (ck_str_ends(output, CK_STR("/")) || folder.is_dir) {
		const char *slash = ck_str_ends(output, CK_STR("/")) ? "" : "/";
		struct ck_diag *diag = ck_usage_error(&driver->diags, CK_COMMAND_run, "-o \"%.*s\" is a folder; a prefix in it is wanted",
						      CK_STR_ARG(name));
		ck_diag_help(&driver->diags, diag, "-o \"%.*s%sckpt-1\"", CK_STR_ARG(name), slash);
		return CK_USAGE;
	}
	return CK_OK;
}

static struct ck_str report_path(struct ck_driver *driver)
{
	struct ck_str path = ck_option_text(&driver->options, CK_OPTION_REPORT);
	struct ck_str output = output_of(driver);
	return path.p ? path : ck_str_format(driver->arena, "%.*s.report.json", CK_STR_ARG(output));
}

static bool is_json(struct ck_str bytes)
{
	return ck_str_starts(bytes, CK_STR("{"));
}

static bool same_folder(struct ck_driver *driver, struct ck_str a, struct ck_str b)
{
	struct ck_str dir_a = ck_path_dir(driver->arena, a), dir_b = ck_path_dir(driver->arena, b);
	struct ck_stat found_a, found_b;
	if (!dir_a.p || !dir_b.p || ck_str_equal(dir_a, dir_b))
		return true;
	return ck_stat_path(dir_a.p, &found_a) && ck_stat_path(dir_b.p, &found_b) && found_a.exists && found_b.exists &&
	       found_a.device == found_b.device && found_a.inode == found_b.inode;
}

/* The report must not take the name of a file that the run writes. */
static enum ck_code check_report(struct ck_driver *driver, struct ck_str report, struct ck_str output)
{
	struct ck_str name = ck_path_base(report), base = ck_path_base(output), index = ck_path_index(driver->arena, base), prefix;
	bool is_state = ck_str_equal(name, CK_STR("checkpoint")) && !ck_option_given(&driver->options, CK_OPTION_NO_STATE);
	bool taken = is_state || ck_str_equal(name, index) || (ck_path_is_data(name, &prefix) && ck_str_equal(prefix, base));
	if (!index.p)
		return ck_error_nomem(&driver->diags);
	if (!taken || !same_folder(driver, report, output))
		return CK_OK;
	struct ck_diag *diag = ck_usage_error(&driver->diags, CK_COMMAND_run, "--report \"%.*s\": the run writes another file of this name",
					      CK_STR_ARG(ck_name_text(driver->arena, report)));
	ck_diag_help(&driver->diags, diag, "leave --report out, and it is \"%.*s.report.json\"", CK_STR_ARG(ck_name_text(driver->arena, output)));
	return CK_USAGE;
}

/* A state file that cannot be read would stop the run when all is done. */
static enum ck_code check_state(struct ck_driver *driver, struct ck_str output)
{
	struct ck_state *ignored;
	struct ck_str dir = ck_path_dir(driver->arena, output);
	if (!dir.p)
		return ck_error_nomem(&driver->diags);
	if (ck_option_given(&driver->options, CK_OPTION_NO_STATE))
		return CK_OK;
	enum ck_code code = ck_state_read(dir, driver->arena, &driver->diags, &ignored);
	if (code == CK_BAD_STATE)
		ck_diag_help(&driver->diags, ck_diags_last(&driver->diags), "--no-state leaves it as it is");
	return code;
}

/* What would be written must not be there yet, nor be what is read. A report may always be replaced by another. */
static enum ck_code check_outputs(struct ck_driver *driver, const struct ck_loaded_inputs *inputs)
{
	struct ck_str output = ck_option_text(&driver->options, CK_OPTION_OUTPUT), report = report_path(driver);
	struct ck_str *sources;
	size_t n = 0;
	enum ck_code code = ck_input_files(driver, inputs, &sources, &n);
	if (!code && driver->saved_model.p)
		code = ck_saved_model_check(driver, inputs, report);
	else if (!code)
		code = check_prefix(driver, output, sources, n);
	for (size_t i = 0; i < inputs->inputs.n && !code; i++) {
		const struct ck_manifest *manifest = inputs->manifests[i];
		if (!manifest || manifest->has_data || i == CK_INPUT_TEMPLATE)
			continue;
		struct ck_diag *diag = ck_error(&driver->diags, CK_BAD_SHARD, (struct ck_span){0}, "\"%.*s\" has no data files, only an index",
						CK_STR_ARG(ck_name_text(driver->arena, manifest->path)));
		ck_diag_help(&driver->diags, diag, "`ckmig plan` works on an index alone; `ckmig run` needs %.*s.data-* beside it",
			     CK_STR_ARG(ck_name_text(driver->arena, manifest->prefix)));
		code = CK_BAD_SHARD;
	}
	if (!code && !driver->saved_model.p)
		code = check_state(driver, output);
	if (code || ck_str_equal(report, CK_STR("-")))
		return code;
	if (!driver->saved_model.p)
		code = check_report(driver, report, output);
	return code ? code : ck_output_allowed(driver, report, sources, n, is_json);
}

/* Writes a file into a folder that may have to be made, or has gone with an output that failed; then no folder stays behind. */
static enum ck_code write_in_folder(struct ck_driver *driver, struct ck_str path, struct ck_text text)
{
	struct ck_str dir = ck_path_dir(driver->arena, path), above = dir;
	struct ck_stat found;
	while (above.p && ck_stat_path(above.p, &found) && !found.exists && !ck_str_equal(above, ck_path_dir(driver->arena, above)))
		above = ck_path_dir(driver->arena, above);
	if (!above.p)
		return ck_error_nomem(&driver->diags);
	if (ck_mkdirs(dir.p) && ck_write_file_text(path.p, text, false))
		return CK_OK;
	enum ck_code code = ck_error_io(&driver->diags, "write", path);
	while (dir.p && !ck_str_equal(dir, above) && rmdir(dir.p) == 0)
		dir = ck_path_dir(driver->arena, dir);
	return code;
}

/* As JSON; ck_text. */
static void tell_report(void *report, struct ck_buf *out)
{
	if (ck_report_json(report, out) != CK_OK)
		out->failed = true;
}

/* Where the report is to be written, if it is wanted; no path where that is standard output. */
static enum ck_code place_report(struct ck_driver *driver, const struct ck_report *report, struct ck_companion *ret_file)
{
	struct ck_str path = report_path(driver);
	if (ck_str_equal(path, CK_STR("-")))
		return CK_OK;
	if (!path.p)
		return ck_error_nomem(&driver->diags);
	*ret_file = (struct ck_companion){path, {tell_report, (void *)(uintptr_t)report}};
	return CK_OK;
}

static void say_report(struct ck_driver *driver)
{
	struct ck_str path = report_path(driver);
	if (!ck_str_equal(path, CK_STR("-")))
		ck_say(driver, "report: %.*s", CK_STR_ARG(ck_name_text(driver->arena, path)));
}

/* Is there an output of this name, which a run that fails leaves as it is? */
static bool output_is_there(struct ck_driver *driver)
{
	struct ck_str output = output_of(driver), path = driver->saved_model.p ? output : ck_path_index(driver->arena, output);
	struct ck_stat found;
	return path.p && ck_stat_path(path.p, &found) && found.exists;
}

/* The report beside an output tells about that, not about a run that failed to replace it. */
static void say_old_report(struct ck_driver *driver)
{
	struct ck_diags *diags = &driver->diags;
	for (size_t i = diags->n_items; i-- > 0;) {
		if (diags->items[i]->severity != CK_ERROR)
			continue;
		ck_diag_note(diags, diags->items[i], "\"%.*s\" is as it was, its report too; --report FILE keeps the report of a run that fails",
			     CK_STR_ARG(ck_name_text(driver->arena, output_of(driver))));
		return;
	}
}

/* The report of a run that failed. */
static enum ck_code write_report(struct ck_driver *driver, const struct ck_report *report)
{
	struct ck_companion file = {0};
	if (!ck_option_given(&driver->options, CK_OPTION_REPORT) && output_is_there(driver)) {
		say_old_report(driver);
		return CK_OK;
	}
	enum ck_code code = place_report(driver, report, &file);
	if (!code && file.path.p)
		code = write_in_folder(driver, file.path, file.text);
	if (!code)
		say_report(driver);
	return code;
}

/* The report of a run that is about to give the output its name. */
struct early_report {
	struct ck_driver *driver;
	bool failed;
};

static enum ck_code before_name(void *context, const struct ck_report *report, struct ck_companion *ret_file)
{
	struct early_report *early = context;
	struct ck_driver *driver = early->driver;
	/* Again: now the output's folder is there for certain, by whatever path. */
	enum ck_code code = check_report(driver, report_path(driver), ck_option_text(&driver->options, CK_OPTION_OUTPUT));
	if (!code)
		code = place_report(driver, report, ret_file);
	early->failed = code != CK_OK;
	return code;
}

static enum ck_code print_report(struct ck_driver *driver, const struct ck_report *report)
{
	if (driver->json || ck_str_equal(report_path(driver), CK_STR("-"))) {
		enum ck_code code = ck_report_json(report, &driver->out);
		/* That standard output does not take it is told in the end, like of anything. */
		return driver->out_drain.error ? CK_OK : code;
	}
	return driver->quiet ? CK_OK : ck_report_text(report, driver->color_out, &driver->out);
}

static enum ck_code update_state(struct ck_driver *driver, struct ck_str output)
{
	if (ck_option_given(&driver->options, CK_OPTION_NO_STATE))
		return CK_OK;
	struct ck_str dir = ck_path_dir(driver->arena, output);
	if (!dir.p)
		return ck_error_nomem(&driver->diags);
	ck_say(driver, "state file: %.*s/checkpoint", CK_STR_ARG(ck_name_text(driver->arena, dir)));
	enum ck_code code = ck_state_update(dir, ck_path_base(output), (double)time(NULL), !ck_option_given(&driver->options, CK_OPTION_NO_SYNC),
					    &driver->diags);
	if (code)
		ck_diag_note(&driver->diags, ck_diags_last(&driver->diags), "\"%.*s\" is complete; only the state file is as it was",
			     CK_STR_ARG(ck_name_text(driver->arena, output)));
	return code;
}

/* A SavedModel gets its name here, and the report with it. */
static enum ck_code name_saved_model(struct ck_driver *driver, struct ck_saved_model *model, struct ck_report *report, struct early_report *early)
{
	struct ck_companion file = {0};
	enum ck_code code = place_report(driver, report, &file);
	early->failed = code != CK_OK;
	if (!code)
		code = ck_saved_model_commit(model, file.path.p ? &file : NULL, &driver->diags);
	report->written = code == CK_OK;
	return code;
}

/* What failed is told in the report too, but where nothing could be written; an output that is there has its own. */
static enum ck_code tell(struct ck_driver *driver, enum ck_code code, const struct ck_report *report, bool early_failed)
{
	bool no_report = code == CK_IO || code == CK_NOMEM || code == CK_BAD_TARGET_NAME || code == CK_OUTPUT_EXISTS;
	enum ck_code more = CK_OK;
	if (!report || no_report)
		return code;
	if (report->written)
		say_report(driver);
	else if (!early_failed)
		more = write_report(driver, report);
	if (!more)
		more = print_report(driver, report);
	return code ? code : more;
}

static enum ck_code run(struct ck_driver *driver, const struct ck_plan *bound, const struct ck_inputs *inputs, struct ck_saved_model *model)
{
	struct ck_str output = output_of(driver);
	struct ck_report *report = NULL;
	struct ck_progress progress;
	struct early_report early = {.driver = driver};
	struct ck_run_options options = {
		.n_jobs = ck_jobs_of(driver),
		.memory = ck_memory_of(driver),
		.verify = verify_mode(&driver->options),
		.force = ck_option_given(&driver->options, CK_OPTION_FORCE),
		.link_how = driver->link_how,
		.sync = !ck_option_given(&driver->options, CK_OPTION_NO_SYNC),
		.progress = ck_progress_show,
		.progress_context = &progress,
		.before_name = model ? NULL : before_name,
		.before_context = &early,
	};
	ck_progress_begin(&progress, driver);
	struct ck_str prefix = model ? ck_saved_model_prefix(model) : output;
	enum ck_code code = ck_run(bound, inputs, prefix, &options, driver->arena, &driver->diags, &report);
	ck_progress_end(&progress);
	CK_ASSERT(report || code);
	if (report)
		report->output = output;
	if (!code && model)
		code = name_saved_model(driver, model, report, &early);
	code = tell(driver, code, report, early.failed);
	return code || model ? code : update_state(driver, output);
}

enum ck_code ck_cmd_run(struct ck_driver *driver)
{
	struct ck_loaded_inputs inputs;
	struct ck_plan *bound;
	struct ck_diags *diags = &driver->diags;
	if (!ck_option_given(&driver->options, CK_OPTION_OUTPUT)) {
		ck_usage_error(diags, CK_COMMAND_run, "-o OUT is missing: the prefix of the checkpoint to write");
		return CK_USAGE;
	}
	if (ck_str_equal(ck_option_text(&driver->options, CK_OPTION_OUTPUT), CK_STR("-"))) {
		ck_usage_error(diags, CK_COMMAND_run, "-o -: a checkpoint is several files, which standard output cannot be");
		return CK_USAGE;
	}
	enum ck_code code = ck_load_bound(driver, check_outputs, &inputs, &bound);
	struct ck_saved_model *model = NULL;
	driver->stage = code ? driver->stage : CK_STAGE_RUN;
	if (!code && driver->saved_model.p)
		code = ck_saved_model_begin(driver, bound, &model);
	if (!code)
		code = run(driver, bound, &inputs.inputs, model);
	ck_saved_model_close(model);
	ck_loaded_inputs_clear(&inputs);
	return code;
}
