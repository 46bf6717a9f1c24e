#include "compiler/driver/load.h"

/* Writes the bound plan; its inputs and FILE are not to be written over. */
static enum ck_code save(struct ck_driver *driver, const struct ck_plan *bound, const struct ck_loaded_inputs *inputs, struct ck_str output)
{
	struct ck_str *files;
	size_t n;
	enum ck_code code = ck_input_files(driver, inputs, &files, &n);
	if (code)
		return code;
	/* One more than there are inputs always fits: the migrated checkpoint has a number and no manifest. */
	files[n++] = driver->options.operands[0];
	return ck_save_plan(driver, bound, output, files, n);
}

enum ck_code ck_cmd_plan(struct ck_driver *driver)
{
	const struct ck_options *options = &driver->options;
	struct ck_str output = ck_option_text(options, CK_OPTION_OUTPUT);
	struct ck_loaded_inputs inputs;
	struct ck_plan *bound;
	enum ck_code code = ck_load_bound(driver, NULL, &inputs, &bound);
	if (!code && output.p)
		code = save(driver, bound, &inputs, output);
	bool to_stdout = ck_str_equal(output, CK_STR("-"));
	if (!code && !to_stdout && driver->json) {
		code = ck_dryrun_json(bound, &inputs.inputs, &driver->out);
	} else if (!code && !to_stdout && !driver->quiet) {
		bool from_stdin = ck_str_equal(options->operands[0], CK_STR("-"));
		struct ck_str title = from_stdin ? CK_STR("standard input") : ck_name_text(driver->arena, options->operands[0]);
		code = ck_dryrun_text(bound, &inputs.inputs, title, ck_option_given(options, CK_OPTION_EXPAND), driver->color_out,
				      &driver->out);
	}
	ck_loaded_inputs_clear(&inputs);
	return code;
}
