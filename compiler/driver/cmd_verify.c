#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bundle/data.h"
#include "compiler/driver/json.h"
#include "compiler/driver/load.h"
#include "vm/exec.h"

enum { MAX_REPORT = 1 << 30 };	/* bytes */

struct comparison {
	struct ck_driver *driver;
	const struct ck_manifest *manifest;
	struct ck_str report_path;
	bool *is_named;			/* [n_variables] by the report */
	struct ck_map escaped;		/* keys that are not UTF-8, as the report writes them */
	size_t n_differences;
	json_t *differences;		/* with --json */
};

/* A difference: what has it, and how report and checkpoint say. */
CK_PRINTF(3, 4) static void differ(struct comparison *comparison, struct ck_str what, const char *format, ...)
{
	struct ck_driver *driver = comparison->driver;
	va_list args;
	va_start(args, format);
	struct ck_str text = ck_str_vformat(driver->arena, format, args);
	va_end(args);
	comparison->n_differences++;
	if (driver->json) {
		json_t *object = json_object();
		ck_json_put(&driver->out, object, "key", ck_json_text(what));
		ck_json_put(&driver->out, object, "difference", ck_json_text(text));
		ck_json_append(&driver->out, comparison->differences, object);
		return;
	}
	ck_buf_name(&driver->out, what);
	ck_buf_str(&driver->out, CK_STR(": "));
	ck_buf_visible(&driver->out, text);
	ck_buf_char(&driver->out, '\n');
}

static enum ck_code bad_report(struct ck_driver *driver, struct ck_str path, const char *what)
{
	struct ck_diag *diag = ck_error(&driver->diags, CK_BAD_REPORT, (struct ck_span){0}, "\"%.*s\" is no report of `ckmig run`: %s",
					CK_STR_ARG(ck_name_text(driver->arena, path)), what);
	ck_diag_help(&driver->diags, diag, "the report is OUT.report.json, or what --report named; it stands before the checkpoint");
	return CK_BAD_REPORT;
}

static bool same_shape(json_t *shape, const struct ck_variable *variable)
{
	if (json_array_size(shape) != variable->shape.rank)
		return false;
	for (size_t i = 0; i < variable->shape.rank; i++) {
		json_t *dim = json_array_get(shape, i);
		if (!json_is_integer(dim) || (uint64_t)json_integer_value(dim) != variable->shape.dims[i])
			return false;
	}
	return true;
}

static void compare_target(struct comparison *comparison, json_t *target, struct ck_str key, const struct ck_variable *variable)
{
	const char *dtype = json_string_value(json_object_get(target, "dtype")), *crc = json_string_value(json_object_get(target, "crc32c"));
	char stored[16];
	if (strcmp(dtype, ck_dtype_name(variable->dtype)) != 0)
		differ(comparison, key, "the report has dtype %s, the checkpoint %s", dtype, ck_dtype_name(variable->dtype));
	if (!same_shape(json_object_get(target, "shape"), variable)) {
		struct ck_buf shape = {0};
		char *text = json_dumps(json_object_get(target, "shape"), JSON_COMPACT);
		ck_buf_shape(&shape, variable->shape, true);
		differ(comparison, key, "the report has shape %s, the checkpoint %.*s", text ? text : "?", CK_STR_ARG(ck_buf_view(&shape)));
		ck_buf_clear(&shape);
		ck_free(text);
	}
	snprintf(stored, sizeof(stored), "%08" PRIx32, variable->place.crc);
	if (crc && strcmp(crc, stored) != 0)
		differ(comparison, key, "the report has the checksum %s, the checkpoint %s", crc, stored);
}

static enum ck_code collect_escaped(struct comparison *comparison)
{
	const struct ck_manifest *manifest = comparison->manifest;
	struct ck_arena *arena = comparison->driver->arena;
	ck_map_init(&comparison->escaped, arena);
	for (size_t i = 0; i < manifest->n_variables; i++) {
		struct ck_str key = manifest->variables[i].key;
		if (!ck_utf8_is(key) && !ck_map_put(&comparison->escaped, ck_name_text(arena, key), i))
			return ck_error_nomem(&comparison->driver->diags);
	}
	return CK_OK;
}

static enum ck_code compare_targets(struct comparison *comparison, json_t *targets)
{
	const struct ck_manifest *manifest = comparison->manifest;
	json_t *target;
	size_t i, number;
	json_array_foreach(targets, i, target) {
		json_t *text = json_object_get(target, "key");
		struct ck_str key = {json_string_value(text), json_string_length(text)};
		if (!key.p || !json_is_string(json_object_get(target, "dtype")) || !json_is_array(json_object_get(target, "shape")))
			return bad_report(comparison->driver, comparison->report_path, "a target has no key, dtype or shape");
		if (!ck_map_get(&manifest->by_key, key, &number) && !ck_map_get(&comparison->escaped, key, &number)) {
			differ(comparison, key, "the report has it, the checkpoint has not");
			continue;
		}
		comparison->is_named[number] = true;
		compare_target(comparison, target, key, &manifest->variables[number]);
	}
	for (i = 0; i < manifest->n_variables; i++) {
		if (!comparison->is_named[i] && manifest->variables[i].kind != CK_GRAPH)
			differ(comparison, manifest->variables[i].key, "the checkpoint has it, the report has not");
	}
	return CK_OK;
}

static enum ck_code compare(struct comparison *comparison, json_t *report)
{
	struct ck_driver *driver = comparison->driver;
	json_t *targets = json_object_get(report, "targets"), *output = json_object_get(report, "output");
	const char *digest = json_string_value(json_object_get(output, "index_sha256"));
	char found[2 * CK_SHA256 + 1];
	if (!json_is_object(report) || !json_is_array(targets) || !json_is_object(output))
		return bad_report(driver, comparison->report_path, "it has no targets");
	if (!digest)
		return bad_report(driver, comparison->report_path, "the run that it tells of failed, and wrote no checkpoint");
	enum ck_code code = collect_escaped(comparison);
	if (!code)
		code = compare_targets(comparison, targets);
	ck_hex(comparison->manifest->digest, found);
	if (!code && comparison->n_differences == 0 && strcmp(digest, found) != 0)
		differ(comparison, comparison->manifest->prefix, "the index has other bytes (SHA-256 %.12s..., the report has %.12s...), though every key, dtype, shape and checksum is the same",
		       found, digest);
	return code;
}

/* Reads the report and compares it with the index; the bytes are compared with the index elsewhere. */
static enum ck_code compare_report(struct comparison *comparison)
{
	struct ck_driver *driver = comparison->driver;
	struct ck_str bytes;
	json_error_t error;
	if (!ck_read_file(comparison->report_path.p, MAX_REPORT, driver->arena, &bytes))
		return ck_error_io(&driver->diags, "read", comparison->report_path);
	comparison->is_named = ck_arena_array(driver->arena, comparison->manifest->n_variables, sizeof(bool));
	if (!comparison->is_named)
		return ck_error_nomem(&driver->diags);
	json_t *report = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!report)
		return bad_report(driver, comparison->report_path,
				  ck_str_format(driver->arena, "no JSON at line %d: %s", error.line, error.text).p);
	enum ck_code code = compare(comparison, report);
	json_decref(report);
	return code;
}

static void put_result(struct comparison *comparison, uint64_t n_variables, uint64_t n_bytes)
{
	struct ck_driver *driver = comparison->driver;
	struct ck_buf *out = &driver->out;
	if (driver->json) {
		json_t *object = json_object();
		ck_json_put(out, object, "checkpoint", ck_json_text(comparison->manifest->prefix));
		ck_json_put(out, object, "variables", json_integer((json_int_t)n_variables));
		ck_json_put(out, object, "bytes", json_integer((json_int_t)n_bytes));
		ck_json_put(out, object, "differences", comparison->differences);
		ck_json_print(out, object);
		return;
	}
	if (driver->quiet && comparison->n_differences == 0)
		return;
	ck_buf_name(out, comparison->manifest->path);
	if (comparison->n_differences) {
		ck_buf_str(out, CK_STR(": "));
		ck_buf_count(out, comparison->n_differences, "difference");
		ck_buf_str(out, CK_STR(" from "));
	} else {
		ck_buf_str(out, CK_STR(": ok, "));
		ck_buf_count(out, n_variables, "variable");
		ck_buf_str(out, CK_STR(", "));
		ck_buf_size(out, n_bytes);
		ck_buf_str(out, comparison->report_path.p ? CK_STR(", as in ") : CK_STR(""));
	}
	ck_buf_name(out, comparison->report_path);
	ck_buf_char(out, '\n');
}

enum ck_code ck_cmd_verify(struct ck_driver *driver)
{
	const struct ck_options *options = &driver->options;
	bool has_report = options->n_operands == 2;
	struct ck_str path = options->operands[options->n_operands - 1];
	struct ck_manifest *manifest = NULL;
	uint64_t n_variables = 0, n_bytes = 0;
	enum ck_code code = ck_manifest_open(path, &driver->diags, &manifest);
	if (code)
		return code;
	struct comparison comparison = {.driver = driver, .manifest = manifest, .differences = driver->json ? json_array() : NULL};
	if (has_report) {
		comparison.report_path = options->operands[0];
		code = compare_report(&comparison);
	}
	if (!code)
		code = ck_verify_checkpoint(manifest, ck_jobs_of(driver), ck_memory_of(driver), &driver->diags, &n_variables, &n_bytes);
	if (!code)
		put_result(&comparison, n_variables, n_bytes);
	else
		json_decref(comparison.differences);
	driver->differs = comparison.n_differences > 0;
	ck_manifest_free(manifest);
	return code;
}
