#include <float.h>
#include <inttypes.h>
#include <string.h>

#include "compiler/driver/json.h"
#include "compiler/driver/load.h"
#include "compiler/driver/select.h"
#include "compiler/driver/values.h"
#include "vm/exec.h"

enum { N_BINS = 12, BAR_COLUMNS = 40 };

struct subject {
	struct ck_driver *driver;
	const struct ck_manifest *manifest;
	const struct ck_variable *variable;
	struct ck_str label;
	const struct ck_data *data;	/* NULL: an index alone */
	struct ck_statistics statistics;
	uint64_t histogram[N_BINS];
};

/* The number of a variable, by name, key, label of a slot, or full name; SIZE_MAX when nothing is called so. */
static size_t find_exactly(struct ck_driver *driver, const struct ck_manifest *manifest, struct ck_str name)
{
	size_t number, by_full = SIZE_MAX;
	if (ck_map_get(&manifest->by_name, name, &number) || ck_map_get(&manifest->by_key, name, &number))
		return number;
	struct ck_str full = ck_str_starts(name, CK_STR("full:")) ? ck_str_slice(name, 5, name.n) : name;
	for (size_t i = 0; i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];
		if (variable->convention != CK_CONVENTION_NONE && ck_str_equal(ck_variable_label(manifest, variable, driver->arena), name))
			return i;
		if (full.n && variable->convention == CK_CONVENTION_NONE && ck_str_equal(variable->full_name, full))
			by_full = by_full != SIZE_MAX ? by_full : i;
	}
	return by_full;
}

/* The same; a name may also be given as it is printed. */
static const struct ck_variable *find(struct ck_driver *driver, const struct ck_manifest *manifest, struct ck_str name)
{
	size_t number = find_exactly(driver, manifest, name);
	struct ck_str read = number != SIZE_MAX ? name : ck_name_read(driver->arena, name);
	if (number == SIZE_MAX && read.p && !ck_str_equal(read, name))
		number = find_exactly(driver, manifest, read);
	return number != SIZE_MAX ? &manifest->variables[number] : NULL;
}

static void put_field(struct ck_buf *out, const char *what, struct ck_str text)
{
	ck_buf_printf(out, "  %-10s%.*s\n", what, CK_STR_ARG(text));
}

static void put_head(struct subject *subject)
{
	struct ck_buf *out = &subject->driver->out, text = {0};
	const struct ck_variable *variable = subject->variable;
	struct ck_arena *arena = subject->driver->arena;
	ck_buf_printf(out, "%.*s\n", CK_STR_ARG(ck_name_text(arena, subject->label)));
	put_field(out, "dtype", ck_str(ck_dtype_name(variable->dtype)));
	ck_buf_shape(&text, variable->shape, false);
	put_field(out, "shape", ck_buf_view(&text));
	text.n = 0;
	ck_buf_printf(&text, "%" PRIu64, variable->place.n_bytes);
	if (variable->place.n_bytes >= 1024) {
		ck_buf_str(&text, CK_STR(" ("));
		ck_buf_size(&text, variable->place.n_bytes);
		ck_buf_char(&text, ')');
	}
	put_field(out, "bytes", ck_buf_view(&text));
	if (!ck_str_equal(variable->key, subject->label))
		put_field(out, "key", ck_name_text(arena, variable->key));
	if (variable->full_name.n)
		put_field(out, "full name", ck_name_text(arena, variable->full_name));
	if (variable->convention != CK_CONVENTION_NONE)
		put_field(out, "slot of", ck_str_format(arena, "%.*s, %s convention", CK_STR_ARG(ck_name_text(arena, variable->name)),
							ck_convention_name(variable->convention)));
	out->failed |= text.failed;
	ck_buf_clear(&text);
}

static void put_statistics(struct subject *subject)
{
	struct ck_buf *out = &subject->driver->out;
	const struct ck_statistics *s = &subject->statistics;
	if (!s->valid || s->n_elems == 0)
		return;
	uint64_t n_finite = s->n_elems - s->n_nan - s->n_inf;
	if (n_finite)
		ck_buf_printf(out, "  min %.6g, max %.6g, mean %.6g, standard deviation %.6g\n", s->min, s->max, s->mean, s->stddev);
	ck_buf_str(out, CK_STR("  "));
	ck_buf_count(out, s->n_elems, "element");
	ck_buf_printf(out, ": %" PRIu64 " zero, %" PRIu64 " nan, %" PRIu64 " infinite\n", s->n_zero, s->n_nan, s->n_inf);
}

/* A bar of eighths. */
static void put_bar(struct ck_buf *out, uint64_t n, uint64_t most)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	uint64_t length = (uint64_t)((double)n / (double)most * BAR_COLUMNS * 8 + 0.5);
	for (uint64_t i = 0; i < length / 8; i++)
		ck_buf_str(out, CK_STR("█"));
	ck_buf_str(out, n && length == 0 ? ck_str(eighths[1]) : ck_str(eighths[length % 8]));
}

static double edge_of(const struct ck_statistics *s, size_t bin)
{
	/* By halves where the difference is beyond the range of f64. */
	double scale = s->max - s->min <= DBL_MAX ? 1 : 2;
	return bin == N_BINS ? s->max : scale * (s->min / scale + (s->max / scale - s->min / scale) * ((double)bin / N_BINS));
}

static void put_histogram(struct subject *subject)
{
	struct ck_buf *out = &subject->driver->out;
	const struct ck_statistics *s = &subject->statistics;
	uint64_t most = 0;
	for (size_t i = 0; i < N_BINS; i++)
		most = subject->histogram[i] > most ? subject->histogram[i] : most;
	if (!s->valid || most == 0 || !(s->min < s->max))
		return;
	ck_buf_char(out, '\n');
	for (size_t i = 0; i < N_BINS; i++) {
		ck_buf_printf(out, "  %11.4g .. %-11.4g %10" PRIu64 "  ", edge_of(s, i), edge_of(s, i + 1), subject->histogram[i]);
		put_bar(out, subject->histogram[i], most);
		ck_buf_char(out, '\n');
	}
}

static json_t *statistics_json(struct subject *subject)
{
	struct ck_buf *out = &subject->driver->out;
	const struct ck_statistics *s = &subject->statistics;
	json_t *object = json_object(), *edges = json_array(), *counts = json_array();
	for (size_t i = 0; i <= N_BINS; i++)
		ck_json_append(out, edges, ck_json_number(edge_of(s, i)));
	for (size_t i = 0; i < N_BINS; i++)
		ck_json_append(out, counts, json_integer((json_int_t)subject->histogram[i]));
	ck_json_put(out, object, "elements", json_integer((json_int_t)s->n_elems));
	ck_json_put(out, object, "zero", json_integer((json_int_t)s->n_zero));
	ck_json_put(out, object, "nan", json_integer((json_int_t)s->n_nan));
	ck_json_put(out, object, "infinite", json_integer((json_int_t)s->n_inf));
	ck_json_put(out, object, "min", ck_json_number(s->min));
	ck_json_put(out, object, "max", ck_json_number(s->max));
	ck_json_put(out, object, "mean", ck_json_number(s->mean));
	ck_json_put(out, object, "stddev", ck_json_number(s->stddev));
	ck_json_put(out, object, "histogram_edges", edges);
	ck_json_put(out, object, "histogram", counts);
	return object;
}

static void put_json(struct subject *subject)
{
	struct ck_buf *out = &subject->driver->out;
	const struct ck_variable *variable = subject->variable;
	json_t *object = json_object();
	ck_json_put(out, object, "name", ck_json_text(subject->label));
	ck_json_put(out, object, "key", ck_json_text(variable->key));
	ck_json_put(out, object, "dtype", json_string(ck_dtype_name(variable->dtype)));
	ck_json_put(out, object, "dtype_tensorflow", json_string(ck_dtype_info(variable->dtype)->tensorflow));
	ck_json_put(out, object, "shape", ck_json_shape(variable->shape));
	ck_json_put(out, object, "bytes", json_integer((json_int_t)variable->place.n_bytes));
	if (variable->full_name.n)
		ck_json_put(out, object, "full_name", ck_json_text(variable->full_name));
	if (subject->statistics.valid && subject->statistics.n_elems)
		ck_json_put(out, object, "statistics", statistics_json(subject));
	ck_json_print(out, object);
}

static enum ck_code show(struct subject *subject)
{
	struct ck_driver *driver = subject->driver;
	struct ck_str npy = ck_option_text(&driver->options, CK_OPTION_NPY);
	enum ck_code code = CK_OK;
	if (subject->data && ck_dtype_width(subject->variable->dtype))
		code = ck_variable_statistics(subject->data, subject->variable, &driver->diags,
					      &subject->statistics, subject->histogram, N_BINS);
	if (!code && npy.p)
		code = ck_npy_write(driver, subject->data, subject->variable, npy);
	if (code || (npy.p && (driver->quiet || ck_str_equal(npy, CK_STR("-")))))
		return code;
	if (driver->json) {
		put_json(subject);
		return CK_OK;
	}
	put_head(subject);
	if (!subject->data) {
		ck_buf_str(&driver->out, CK_STR("  the data files are not there: no values\n"));
		return CK_OK;
	}
	put_statistics(subject);
	ck_buf_char(&driver->out, '\n');
	code = ck_values_put(driver, subject->data, subject->variable);
	if (!code)
		put_histogram(subject);
	return code;
}

/* What this version does not read: strings in parts. The name as it was given says which variable. */
static enum ck_code check_readable(struct subject *subject)
{
	struct ck_driver *driver = subject->driver;
	struct ck_str name = ck_name_text(driver->arena, subject->label);
	if (subject->variable->n_slices && !ck_dtype_width(subject->variable->dtype)) {
		ck_error(&driver->diags, CK_FORMAT_NOT_AVAILABLE, (struct ck_span){0},
			 "\"%.*s\" is stored in %zu parts that are not of numbers, whose values this version of ckmig cannot show", CK_STR_ARG(name),
			 subject->variable->n_slices);
		return CK_FORMAT_NOT_AVAILABLE;
	}
	if (!subject->manifest->has_data && ck_option_given(&driver->options, CK_OPTION_NPY)) {
		struct ck_diag *diag = ck_error(&driver->diags, CK_BAD_SHARD, (struct ck_span){0},
						"\"%.*s\" has no data files, only an index", CK_STR_ARG(ck_name_text(driver->arena, subject->manifest->path)));
		ck_diag_help(&driver->diags, diag, "--npy needs them beside the index");
		return CK_BAD_SHARD;
	}
	return CK_OK;
}

enum ck_code ck_cmd_show(struct ck_driver *driver)
{
	struct ck_manifest *manifest = NULL;
	struct ck_data *data = NULL;
	struct ck_str name = driver->options.operands[1];
	enum ck_code code = ck_manifest_open(driver->options.operands[0], &driver->diags, &manifest);
	if (code)
		return code;
	struct subject subject = {.driver = driver, .manifest = manifest, .variable = find(driver, manifest, name)};
	if (!subject.variable) {
		code = ck_no_variable(driver, manifest, name);
		ck_manifest_free(manifest);
		return code;
	}
	subject.label = ck_variable_label(manifest, subject.variable, driver->arena);
	code = check_readable(&subject);
	if (!code && manifest->has_data)
		code = ck_data_open(manifest, &driver->diags, &data);
	subject.data = data;
	if (!code)
		code = show(&subject);
	ck_data_close(data);
	ck_manifest_free(manifest);
	return code;
}
