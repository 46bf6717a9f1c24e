#include "compiler/driver/json.h"
#include "compiler/driver/load.h"
#include "compiler/scaffold/scaffold.h"

static json_t *names_json(struct ck_buf *out, const struct ck_str *names, size_t n)
{
	json_t *array = json_array();
	for (size_t i = 0; i < n; i++)
		ck_json_append(out, array, ck_json_text(names[i]));
	return array;
}

static json_t *statement_json(struct ck_buf *out, const struct ck_scaffold_statement *statement)
{
	json_t *object = json_object();
	ck_json_put(out, object, "kind", json_string(statement->kind));
	ck_json_put(out, object, "certainty", json_string(ck_certainty_name(statement->certainty)));
	ck_json_put(out, object, "reason", ck_json_text(statement->reason));
	ck_json_put(out, object, "text", ck_json_text(statement->text));
	ck_json_put(out, object, "hints", names_json(out, statement->hints, statement->n_hints));
	ck_json_put(out, object, "sources", names_json(out, statement->sources, statement->n_sources));
	ck_json_put(out, object, "targets", names_json(out, statement->targets, statement->n_targets));
	return object;
}

static void put_json(const struct ck_scaffold *scaffold, struct ck_buf *out)
{
	json_t *object = json_object(), *statements = json_array();
	for (size_t i = 0; i < scaffold->n_statements; i++)
		ck_json_append(out, statements, statement_json(out, &scaffold->statements[i]));
	ck_json_put(out, object, "migration", ck_json_text(scaffold->migration));
	ck_json_put(out, object, "open", json_integer((json_int_t)scaffold->n_open));
	ck_json_put(out, object, "marker", ck_json_text(scaffold->marker));
	ck_json_put(out, object, "statements", statements);
	ck_json_put(out, object, "text", ck_json_text(scaffold->text));
	ck_json_print(out, object);
}

/* Writes to -o FILE, which must not be there, nor be one of the checkpoints' files. */
static enum ck_code save(struct ck_driver *driver, struct ck_str text, struct ck_manifest *const *manifests)
{
	struct ck_str path = ck_option_text(&driver->options, CK_OPTION_OUTPUT), indexes[2];
	size_t n = 0;
	for (size_t i = 0; i < 2; i++) {
		if (manifests[i])
			indexes[n++] = ck_str_format(driver->arena, "%.*s.index", CK_STR_ARG(manifests[i]->prefix));
	}
	if (ck_arena_failed(driver->arena))
		return ck_error_nomem(&driver->diags);
	enum ck_code code = ck_output_allowed(driver, path, indexes, n, NULL);
	if (!code && !ck_write_file(path.p, text, false))
		code = ck_error_io(&driver->diags, "write", path);
	return code;
}

static enum ck_code put(struct ck_driver *driver, const struct ck_scaffold *scaffold, struct ck_manifest *const *manifests)
{
	struct ck_str output = ck_option_text(&driver->options, CK_OPTION_OUTPUT);
	bool to_file = output.p && !ck_str_equal(output, CK_STR("-"));
	enum ck_code code = to_file ? save(driver, scaffold->text, manifests) : CK_OK;
	if (code)
		return code;
	if (driver->json)
		put_json(scaffold, &driver->out);
	else if (!to_file)
		ck_buf_str(&driver->out, scaffold->text);
	else if (!driver->quiet)
		ck_buf_printf(&driver->out, "%zu statement%s, %zu of them open\n", scaffold->n_statements, scaffold->n_statements == 1 ? "" : "s",
			      scaffold->n_open);
	return CK_OK;
}

enum ck_code ck_cmd_scaffold(struct ck_driver *driver)
{
	const struct ck_options *options = &driver->options;
	struct ck_manifest *manifests[2] = {NULL, NULL};
	struct ck_scaffold *scaffold = NULL;
	enum ck_code code = ck_manifest_open(options->operands[0], &driver->diags, &manifests[0]);
	if (!code && ck_option_given(options, CK_OPTION_ONTO))
		code = ck_manifest_open(ck_option_text(options, CK_OPTION_ONTO), &driver->diags, &manifests[1]);
	if (!code)
		code = ck_scaffold(manifests[0], manifests[1], driver->arena, &driver->diags, &scaffold);
	if (!code)
		code = put(driver, scaffold, manifests);
	ck_manifest_free(manifests[0]);
	ck_manifest_free(manifests[1]);
	return code;
}
