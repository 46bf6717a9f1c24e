#include <jansson.h>

#include "compiler/driver/json.h"
#include "compiler/driver/load.h"
#include "vm/series.h"

/* The file a plan was made of; of a plan that does not say, its id. */
static struct ck_str file_of(const struct ck_plan *plan)
{
	const Ck__Plan__Debug *debug = plan->message->debug;
	return debug && debug->n_files ? ck_str_of(debug->files[0]->name) : ck_plan_id(plan);
}

/* file.p is NULL: of a series, which is made of several. */
static json_t *describe(struct ck_driver *driver, struct ck_str file, const struct ck_plan *plan)
{
	json_t *object = json_object();
	char digest[2 * CK_SHA256 + 1];
	ck_hex(plan->digest, digest);
	if (file.p)
		ck_json_put(&driver->out, object, "file", ck_json_text(file));
	ck_json_put(&driver->out, object, "migration", ck_json_text(ck_plan_id(plan)));
	ck_json_put(&driver->out, object, "digest", json_string(digest));
	ck_json_put(&driver->out, object, "rules", json_integer((json_int_t)ck_plan_n_rules(plan)));
	ck_json_put(&driver->out, object, "checks", json_integer((json_int_t)ck_plan_n_checks(plan)));
	return object;
}

static void put_json(struct ck_driver *driver, const struct ck_plan *plan)
{
	json_t *object = describe(driver, plan->series ? (struct ck_str){NULL, 0} : driver->options.operands[0], plan);
	if (plan->series) {
		json_t *parts = json_array();
		for (size_t i = 0; i < ck_plan_n_parts(plan); i++)
			ck_json_append(&driver->out, parts, describe(driver, file_of(ck_plan_part(plan, i)), ck_plan_part(plan, i)));
		ck_json_put(&driver->out, object, "parts", parts);
	}
	ck_json_put(&driver->out, object, "warnings", json_integer((json_int_t)driver->diags.n_warnings));
	ck_json_print(&driver->out, object);
}

static void put_line(struct ck_driver *driver, struct ck_str name, const struct ck_plan *plan)
{
	char digest[2 * CK_SHA256 + 1];
	ck_hex(plan->digest, digest);
	ck_buf_name(&driver->out, name);
	ck_buf_str(&driver->out, CK_STR(": ok, "));
	ck_buf_count(&driver->out, ck_plan_n_rules(plan), "rule");
	if (ck_plan_n_checks(plan)) {
		ck_buf_str(&driver->out, CK_STR(", "));
		ck_buf_count(&driver->out, ck_plan_n_checks(plan), "check");
	}
	ck_buf_printf(&driver->out, ", digest %s\n", digest);
}

static void put_text(struct ck_driver *driver, const struct ck_plan *plan)
{
	struct ck_str file = driver->options.operands[0];
	if (!plan->series) {
		put_line(driver, ck_str_equal(file, CK_STR("-")) ? CK_STR("standard input") : file, plan);
		return;
	}
	for (size_t i = 0; i < ck_plan_n_parts(plan); i++)
		put_line(driver, file_of(ck_plan_part(plan, i)), ck_plan_part(plan, i));
	put_line(driver, CK_STR("together"), plan);
}

enum ck_code ck_cmd_compile(struct ck_driver *driver)
{
	const struct ck_options *options = &driver->options;
	struct ck_str output = ck_option_text(options, CK_OPTION_OUTPUT);
	struct ck_plan *plan = NULL;
	enum ck_code code = ck_load_files(driver, options->operands, options->n_operands, &plan);
	if (!code && output.p)
		code = ck_save_plan(driver, plan, output, options->operands, options->n_operands);
	if (!code && driver->json)
		put_json(driver, plan);
	else if (!code && !driver->quiet && !ck_str_equal(output, CK_STR("-")))
		put_text(driver, plan);
	return code;
}
