#include "compiler/driver/saved_model.h"

#include "bundle/path.h"

enum ck_code ck_saved_model_choose(struct ck_driver *driver, struct ck_str source, struct ck_str *template, bool is_bound)
{
	bool is_model = false, is_template = false;
	enum ck_code code = ck_saved_model_find(source, driver->arena, &driver->diags, &is_model);
	if (!code && is_model && template->p)
		code = ck_saved_model_find(*template, driver->arena, &driver->diags, &is_template);
	if (code || !is_model)
		return code;
	if (is_template) {
		driver->saved_model = *template;
	} else if (!template->p && !is_bound) {
		driver->saved_model = *template = source;
		driver->fits_itself = true;
	}
	return CK_OK;
}

/* What is wrong with the fit: a name, shape or dtype that the program does not ask for. */
static bool is_about_fit(enum ck_code code)
{
	static const enum ck_code codes[] = {CK_NOT_IN_TEMPLATE, CK_NOT_PRODUCED, CK_SHAPE, CK_DTYPE, CK_RANK, CK_SLOT_MISSING_RULE};
	for (size_t i = 0; i < CK_COUNT(codes); i++) {
		if (code == codes[i])
			return true;
	}
	return false;
}

void ck_saved_model_explain(struct ck_driver *driver)
{
	struct ck_diags *diags = &driver->diags;
	struct ck_str name = ck_name_text(driver->arena, driver->saved_model);
	for (size_t i = 0; i < diags->n_items; i++) {
		struct ck_diag *diag = diags->items[i];
		if (diag->severity != CK_ERROR || !is_about_fit(diag->code))
			continue;
		ck_diag_note(diags, diag, "\"%.*s\" is a SavedModel: its program restores each variable by name, dtype and shape",
			     CK_STR_ARG(name));
		ck_diag_help(diags, diag, "if the program is to change, export the new one as a SavedModel and name that with --onto");
		ck_diag_help(diags, diag, "to make a plain checkpoint, name \"%.*s/variables/variables\" as SOURCE", CK_STR_ARG(name));
		return;
	}
}

struct ck_str ck_saved_model_output(struct ck_driver *driver)
{
	struct ck_str output = ck_option_text(&driver->options, CK_OPTION_OUTPUT);
	while (output.n > 1 && output.p[output.n - 1] == '/')
		output.n--;
	return ck_str_copy(driver->arena, output);
}

static enum ck_code refuse(struct ck_driver *driver, const char *how, struct ck_str input)
{
	struct ck_diag *diag = ck_error(&driver->diags, CK_OUTPUT_EXISTS, (struct ck_span){0}, "the output \"%.*s\" %s \"%.*s\"",
					CK_STR_ARG(ck_name_text(driver->arena, ck_saved_model_output(driver))), how,
					CK_STR_ARG(ck_name_text(driver->arena, input)));
	ck_diag_help(&driver->diags, diag, "choose another name; an input is never written over, not even by --force");
	return CK_OUTPUT_EXISTS;
}

/* The folder that is there and that a path is in, or would be. */
static struct ck_str folder_above(struct ck_driver *driver, struct ck_str path)
{
	struct ck_stat found;
	while (path.p && ck_stat_path(path.p, &found) && !found.exists && !ck_str_equal(ck_path_dir(driver->arena, path), path))
		path = ck_path_dir(driver->arena, path);
	return path;
}

/* OUT is not to be a folder that an input lies in, nor to lie in the folder that is carried along. */
static enum ck_code check_inputs(struct ck_driver *driver, const struct ck_loaded_inputs *inputs, struct ck_str output)
{
	struct ck_str above = folder_above(driver, output);
	bool is_in = false;
	enum ck_code code = above.p ? CK_OK : ck_error_nomem(&driver->diags);
	for (size_t i = 0; i < inputs->inputs.n && !code && !is_in; i++) {
		const struct ck_manifest *manifest = inputs->manifests[i];
		if (!manifest)
			continue;
		code = ck_folder_is_in(ck_path_dir(driver->arena, manifest->prefix), output, driver->arena, &driver->diags, &is_in);
		if (!code && is_in)
			code = refuse(driver, "is, or holds, the input", manifest->path);
	}
	if (!code)
		code = ck_folder_is_in(above, driver->saved_model, driver->arena, &driver->diags, &is_in);
	return !code && is_in ? refuse(driver, "would lie in the SavedModel", driver->saved_model) : code;
}

/* The folder gets its name at the end: nothing can be put into it before. */
static enum ck_code check_report(struct ck_driver *driver, struct ck_str report, struct ck_str output)
{
	struct ck_str dir = ck_path_dir(driver->arena, report);
	while (dir.p && dir.n > output.n && !ck_str_equal(dir, output))
		dir = ck_path_dir(driver->arena, dir);
	if (!dir.p)
		return ck_error_nomem(&driver->diags);
	if (!ck_str_equal(dir, output) && !ck_str_equal(report, output))
		return CK_OK;
	struct ck_diag *diag = ck_usage_error(&driver->diags, CK_COMMAND_run,
					      "--report \"%.*s\": a report cannot lie in the SavedModel that the run writes",
					      CK_STR_ARG(ck_name_text(driver->arena, report)));
	ck_diag_help(&driver->diags, diag, "leave --report out, and it is \"%.*s.report.json\"", CK_STR_ARG(ck_name_text(driver->arena,
															 output)));
	return CK_USAGE;
}

enum ck_code ck_saved_model_check(struct ck_driver *driver, const struct ck_loaded_inputs *inputs, struct ck_str report)
{
	struct ck_str output = ck_saved_model_output(driver);
	if (!output.p)
		return ck_error_nomem(&driver->diags);
	enum ck_code code = check_inputs(driver, inputs, output);
	if (!code)
		code = check_report(driver, report, output);
	bool force = ck_option_given(&driver->options, CK_OPTION_FORCE);
	return code ? code : ck_saved_model_allowed(output, force, driver->arena, &driver->diags);
}

/* How the files that are carried along are made: the words of --data. */
static enum ck_link_how link_how(const struct ck_driver *driver)
{
	static const enum ck_link_how hows[] = {CK_LINK_CLONE, CK_LINK_COPY, CK_LINK_HARD};	/* auto, copy, link */
	return hows[ck_option_word(&driver->options, CK_OPTION_DATA)];
}

enum ck_code ck_saved_model_begin(struct ck_driver *driver, const struct ck_plan *bound, struct ck_saved_model **ret_model)
{
	struct ck_saved_model_options options = {
		.force = ck_option_given(&driver->options, CK_OPTION_FORCE),
		.sync = !ck_option_given(&driver->options, CK_OPTION_NO_SYNC),
		.link_how = link_how(driver),
		.n_shards = bound->message->bound->n_shard_sizes,
	};
	struct ck_carried carried;
	struct ck_str output = ck_saved_model_output(driver);
	enum ck_code code = output.p ? ck_saved_model_open(output, &options, &driver->diags, ret_model) : ck_error_nomem(&driver->diags);
	if (!code)
		code = ck_saved_model_carry(*ret_model, driver->saved_model, &driver->diags, &carried);
	if (!code)
		ck_say(driver, "carried along: %zu files of %.*s, %zu of them links or clones", carried.n_files,
		       CK_STR_ARG(ck_name_text(driver->arena, driver->saved_model)), carried.n_links);
	return code;
}
