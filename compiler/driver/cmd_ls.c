#include <inttypes.h>

#include "compiler/driver/json.h"
#include "compiler/driver/ls_graph.h"
#include "compiler/driver/select.h"

struct listing {
	struct ck_driver *driver;
	const struct ck_manifest *manifest;
	struct ck_selector *selectors;
	size_t n_selectors;
	size_t n_variables, n_slots, n_hidden;
	uint64_t n_bytes;
	struct ck_table table;
	json_t *array;
};

static struct ck_str printable_label(struct listing *listing, const struct ck_variable *variable)
{
	struct ck_str label = ck_variable_label(listing->manifest, variable, listing->driver->arena);
	return ck_name_text(listing->driver->arena, label);
}

static void add_row(struct listing *listing, const struct ck_variable *variable)
{
	struct ck_driver *driver = listing->driver;
	struct ck_buf shape = {0};
	ck_buf_shape(&shape, variable->shape, true);
	ck_table_cell(driver, &listing->table, printable_label(listing, variable));
	ck_table_cell(driver, &listing->table, ck_str(ck_dtype_name(variable->dtype)));
	ck_table_cell(driver, &listing->table, ck_buf_view(&shape));
	ck_table_cell(driver, &listing->table, ck_str_format(driver->arena, "%" PRIu64, variable->place.n_bytes));
	driver->out.failed |= shape.failed;
	ck_buf_clear(&shape);
}

static void add_json(struct listing *listing, const struct ck_variable *variable)
{
	struct ck_buf *out = &listing->driver->out;
	json_t *object = json_object();
	ck_json_put(out, object, "name", ck_json_text(ck_variable_label(listing->manifest, variable, listing->driver->arena)));
	ck_json_put(out, object, "key", ck_json_text(variable->key));
	ck_json_put(out, object, "dtype", json_string(ck_dtype_name(variable->dtype)));
	ck_json_put(out, object, "dtype_tensorflow", json_string(ck_dtype_info(variable->dtype)->tensorflow));
	ck_json_put(out, object, "shape", ck_json_shape(variable->shape));
	ck_json_put(out, object, "bytes", json_integer((json_int_t)variable->place.n_bytes));
	if (variable->full_name.n)
		ck_json_put(out, object, "full_name", ck_json_text(variable->full_name));
	if (variable->n_slices)
		ck_json_put(out, object, "parts", json_integer((json_int_t)variable->n_slices));
	if (variable->kind == CK_ATTRIBUTE)
		ck_json_put(out, object, "attribute", json_true());
	if (variable->convention != CK_CONVENTION_NONE) {
		json_t *slot = json_object();
		const struct ck_variable *owner = &listing->manifest->variables[variable->owner];
		ck_json_put(out, slot, "of", ck_json_text(owner->name));
		ck_json_put(out, slot, "name", ck_json_text(variable->slot));
		ck_json_put(out, slot, "optimizer", ck_json_text(variable->optimizer));
		ck_json_put(out, slot, "convention", json_string(ck_convention_name(variable->convention)));
		ck_json_put(out, object, "slot", slot);
	}
	ck_json_append(out, listing->array, object);
}

static void take(struct listing *listing, const struct ck_variable *variable)
{
	bool is_slot = variable->convention != CK_CONVENTION_NONE;
	bool wanted = listing->n_selectors == 0 && (!is_slot || ck_option_given(&listing->driver->options, CK_OPTION_SLOTS));
	/* Every pattern is asked, so that one that matches nothing is found. */
	for (size_t i = 0; i < listing->n_selectors; i++)
		wanted |= ck_selector_match(listing->driver, &listing->selectors[i], listing->manifest, variable);
	if (!wanted) {
		listing->n_hidden += is_slot && listing->n_selectors == 0;
		return;
	}
	listing->n_variables += !is_slot;
	listing->n_slots += is_slot;
	listing->n_bytes += variable->place.n_bytes;
	if (listing->driver->json)
		add_json(listing, variable);
	else
		add_row(listing, variable);
}

static void put_summary(struct listing *listing)
{
	struct ck_buf *out = &listing->driver->out;
	const struct ck_manifest *manifest = listing->manifest;
	ck_buf_count(out, listing->n_variables, "variable");
	if (listing->n_slots) {
		ck_buf_str(out, CK_STR(" and "));
		ck_buf_count(out, listing->n_slots, "slot");
	}
	ck_buf_str(out, CK_STR(", "));
	ck_buf_size(out, listing->n_bytes);
	if (listing->n_hidden) {
		ck_buf_str(out, CK_STR("; --slots lists "));
		ck_buf_count(out, listing->n_hidden, "slot");
		ck_buf_str(out, CK_STR(" more"));
	}
	ck_buf_str(out, manifest->has_data ? CK_STR("\n") : CK_STR("; the data files are not there\n"));
	if (!manifest->has_data && manifest->object_based)
		ck_buf_str(out, CK_STR("the object graph is in a data file; without it names are keys\n"));
}

static void put_json(struct listing *listing)
{
	struct ck_buf *out = &listing->driver->out;
	const struct ck_manifest *manifest = listing->manifest;
	char digest[2 * CK_SHA256 + 1];
	json_t *object = json_object();
	ck_hex(manifest->digest, digest);
	ck_json_put(out, object, "checkpoint", ck_json_text(manifest->prefix));
	ck_json_put(out, object, "digest", json_string(digest));
	ck_json_put(out, object, "has_data", json_boolean(manifest->has_data));
	ck_json_put(out, object, "object_based", json_boolean(manifest->object_based));
	ck_json_put(out, object, "big_endian", json_boolean(manifest->big_endian));
	ck_json_put(out, object, "shards", json_integer((json_int_t)manifest->n_shards));
	ck_json_put(out, object, "bytes", json_integer((json_int_t)listing->n_bytes));
	ck_json_put(out, object, "hidden_slots", json_integer((json_int_t)listing->n_hidden));
	ck_json_put(out, object, "variables", listing->array);
	ck_json_print(out, object);
}

static enum ck_code list(struct ck_driver *driver, const struct ck_manifest *manifest)
{
	struct listing listing = {.driver = driver, .manifest = manifest, .n_selectors = driver->options.n_operands - 1,
				  .table = {.n_columns = 4, .align = "lllr"}};
	listing.selectors = ck_arena_array(driver->arena, listing.n_selectors + 1, sizeof(*listing.selectors));
	size_t n = 0, *numbers = ck_sorted_variables(driver, manifest, &n);
	enum ck_code code = ck_arena_failed(driver->arena) ? ck_error_nomem(&driver->diags) : CK_OK;
	for (size_t i = 0; i < listing.n_selectors && !code; i++)
		code = ck_selector_init(driver, driver->options.operands[i + 1], &listing.selectors[i]);
	if (code)
		return code;
	if (driver->json)
		listing.array = json_array();
	for (size_t i = 0; i < n; i++)
		take(&listing, &manifest->variables[numbers[i]]);
	for (size_t i = 0; i < listing.n_selectors; i++) {
		if (listing.selectors[i].n_matched == 0)
			code = ck_no_variable(driver, manifest, listing.selectors[i].text);
	}
	if (driver->json) {
		put_json(&listing);
		return code;
	}
	ck_table_put(driver, &listing.table);
	if (driver->out_is_terminal)
		put_summary(&listing);
	return code;
}

enum ck_code ck_cmd_ls(struct ck_driver *driver)
{
	struct ck_manifest *manifest = NULL;
	enum ck_code code = ck_manifest_open(driver->options.operands[0], &driver->diags, &manifest);
	if (!code && ck_option_given(&driver->options, CK_OPTION_GRAPH))
		code = ck_ls_graph(driver, manifest);
	else if (!code)
		code = list(driver, manifest);
	ck_manifest_free(manifest);
	return code;
}
