#include "compiler/driver/load.h"

/* "a.ckmig, b.ckmig" */
static struct ck_str title(struct ck_driver *driver)
{
	struct ck_buf names = {0};
	for (size_t i = 0; i < ck_n_files(driver); i++) {
		struct ck_str name = driver->options.operands[i];
		ck_buf_str(&names, i ? CK_STR(", ") : CK_STR(""));
		ck_buf_name(&names, ck_str_equal(name, CK_STR("-")) ? CK_STR("standard input") : name);
	}
	struct ck_str text = ck_str_copy(driver->arena, ck_buf_view(&names));
	ck_buf_clear(&names);
	return text.p ? text : CK_STR("the plan");
}

/* Writes the bound plan; its inputs and FILE are not to be written over. */
static enum ck_code save(struct ck_driver *driver, const struct ck_plan *bound, const struct ck_loaded_inputs *inputs, struct ck_str output)
{
	struct ck_str *files;
	size_t n;
	enum ck_code code = ck_input_files(driver, inputs, &files, &n);
	if (code)
		return code;
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
		code = ck_dryrun_text(bound, &inputs.inputs, title(driver), ck_option_given(options, CK_OPTION_EXPAND), driver->color_out,
				      &driver->out);
	}
	ck_loaded_inputs_clear(&inputs);
	return code;
}
