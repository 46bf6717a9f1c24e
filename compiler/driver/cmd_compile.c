#include <jansson.h>

#include "compiler/driver/json.h"
#include "compiler/driver/load.h"

static void put_result(struct ck_driver *driver, struct ck_str path, const struct ck_plan *plan)
{
	const Ck__Plan__Code *code = plan->message->code;
	char digest[2 * CK_SHA256 + 1];
	ck_hex(plan->digest, digest);
	if (driver->json) {
		json_t *object = json_object();
		ck_json_put(&driver->out, object, "file", ck_json_text(path));
		ck_json_put(&driver->out, object, "migration", ck_json_text(ck_plan_id(plan)));
		ck_json_put(&driver->out, object, "digest", json_string(digest));
		ck_json_put(&driver->out, object, "rules", json_integer((json_int_t)code->n_rules));
		ck_json_put(&driver->out, object, "checks", json_integer((json_int_t)code->n_checks));
		ck_json_put(&driver->out, object, "warnings", json_integer((json_int_t)driver->diags.n_warnings));
		ck_json_print(&driver->out, object);
		return;
	}
	ck_buf_name(&driver->out, ck_str_equal(path, CK_STR("-")) ? CK_STR("standard input") : path);
	ck_buf_str(&driver->out, CK_STR(": ok, "));
	ck_buf_count(&driver->out, code->n_rules, "rule");
	if (code->n_checks) {
		ck_buf_str(&driver->out, CK_STR(", "));
		ck_buf_count(&driver->out, code->n_checks, "check");
	}
	ck_buf_printf(&driver->out, ", digest %s\n", digest);
}

enum ck_code ck_cmd_compile(struct ck_driver *driver)
{
	const struct ck_options *options = &driver->options;
	struct ck_str file = options->operands[0], output = ck_option_text(options, CK_OPTION_OUTPUT);
	struct ck_plan *plan = NULL;
	if (options->n_operands > 1)
		return ck_not_available(&driver->diags, "several files in one run (%zu are given)", options->n_operands);
	enum ck_code code = ck_load_plan(driver, file, &plan);
	if (!code && output.p)
		code = ck_save_plan(driver, plan, output, &file, 1);
	if (!code && (driver->json || !driver->quiet) && !ck_str_equal(output, CK_STR("-")))
		put_result(driver, file, plan);
	return code;
}
