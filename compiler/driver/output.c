#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/base/io.h"
#include "bundle/path.h"
#include "compiler/driver/driver.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };	/* the words of --color */

static bool wants_color(const struct ck_options *options, int fd)
{
	size_t word = ck_option_word(options, CK_OPTION_COLOR);
	if (word != COLOR_AUTO)
		return word == COLOR_ALWAYS;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(fd) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
}

bool ck_output_write(int fd, struct ck_str bytes)
{
	while (bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			bytes = (struct ck_str){bytes.p + n, bytes.n - (size_t)n};
	}
	return true;
}

static bool to_descriptor(struct ck_drain *drain, struct ck_str bytes)
{
	return ck_output_write(drain->fd, bytes);
}

void ck_output_init(struct ck_driver *driver)
{
	const struct ck_options *options = &driver->options;
	driver->out_drain = (struct ck_drain){.take = to_descriptor, .fd = STDOUT_FILENO};
	driver->out.drain = &driver->out_drain;
	driver->out_is_terminal = isatty(STDOUT_FILENO);
	driver->color_out = wants_color(options, STDOUT_FILENO);
	driver->color_err = wants_color(options, STDERR_FILENO);
	driver->json = ck_option_given(options, CK_OPTION_JSON);
	driver->quiet = ck_option_given(options, CK_OPTION_QUIET);
	driver->verbose = ck_option_given(options, CK_OPTION_VERBOSE);
}

void ck_say(const struct ck_driver *driver, const char *format, ...)
{
	if (!driver->verbose)
		return;
	struct ck_buf line = {0};
	va_list args;
	va_start(args, format);
	ck_buf_str(&line, CK_STR("ckmig: "));
	ck_buf_vprintf(&line, format, args);
	ck_buf_char(&line, '\n');
	va_end(args);
	(void)!ck_output_write(STDERR_FILENO, ck_buf_view(&line));
	ck_buf_clear(&line);
}

void ck_buf_size(struct ck_buf *buf, uint64_t n_bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double size = (double)n_bytes / 1024;
	size_t unit = 0;
	for (; size >= 1024 && unit + 1 < CK_COUNT(units); unit++)
		size /= 1024;
	if (n_bytes < 1024)
		ck_buf_count(buf, n_bytes, "byte");
	else
		ck_buf_printf(buf, "%.1f %s", size, units[unit]);
}

void ck_buf_count(struct ck_buf *buf, uint64_t n, const char *what)
{
	ck_buf_printf(buf, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

static const char *_Atomic temporary;

void ck_temporary_set(const char *path)
{
	temporary = path;
}

void ck_temporary_remove(void)
{
	const char *path = temporary;
	if (path)
		unlink(path);
}

static bool same_file(const struct ck_stat *a, const struct ck_stat *b)
{
	return a->exists && b->exists && a->device == b->device && a->inode == b->inode;
}

static bool is_file(struct ck_str path, const struct ck_stat *file)
{
	struct ck_stat found;
	return path.p && ck_stat_path(path.p, &found) && same_file(&found, file);
}

/* Is the file a data file of the checkpoint of this index? Whatever its name: links are other names of it. */
static bool is_data_of(struct ck_driver *driver, struct ck_str index, const struct ck_stat *file)
{
	struct ck_str prefix = ck_str_slice(index, 0, index.n - CK_STR(".index").n), dir = ck_path_dir(driver->arena, index), of, *names;
	size_t n;
	if (!dir.p || !ck_list_dir(dir.p, driver->arena, &names, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (ck_path_is_data(names[i], &of) && ck_str_equal(of, ck_path_base(prefix)) && is_file(ck_path_join(driver->arena, dir, names[i]), file))
			return true;
	}
	return false;
}

static enum ck_code is_input(struct ck_driver *driver, struct ck_str path, struct ck_str source)
{
	struct ck_diag *diag = ck_error(&driver->diags, CK_OUTPUT_EXISTS, (struct ck_span){0}, "the output \"%.*s\" is %s \"%.*s\"",
					CK_STR_ARG(ck_name_text(driver->arena, path)),
					ck_str_ends(source, CK_STR(".index")) && !ck_str_ends(path, CK_STR(".index")) ? "a file of the input" : "the input",
					CK_STR_ARG(ck_name_text(driver->arena, source)));
	ck_diag_help(&driver->diags, diag, "choose another name; an input is never written over, not even by --force");
	return CK_OUTPUT_EXISTS;
}

enum ck_code ck_output_allowed(struct ck_driver *driver, struct ck_str path, const struct ck_str *sources, size_t n_sources,
			       bool (*may_replace)(struct ck_str bytes))
{
	if (ck_str_equal(path, CK_STR("-")))
		return CK_OK;
	struct ck_stat found;
	struct ck_diags *diags = &driver->diags;
	struct ck_str name = ck_name_text(driver->arena, path);
	if (!ck_stat_path(path.p, &found))
		return ck_error_io(diags, "look at", path);
	if (!found.exists)
		return CK_OK;
	for (size_t i = 0; i < n_sources; i++) {
		if (is_file(sources[i], &found) || (ck_str_ends(sources[i], CK_STR(".index")) && is_data_of(driver, sources[i], &found)))
			return is_input(driver, path, sources[i]);
	}
	if (ck_arena_failed(driver->arena))
		return ck_error_nomem(diags);
	if (!found.is_file) {
		struct ck_diag *diag = ck_error(diags, CK_OUTPUT_EXISTS, (struct ck_span){0}, "the output \"%.*s\" is %s, which no file replaces",
						CK_STR_ARG(name), found.is_dir ? "a folder" : "a device or the like");
		ck_diag_help(diags, diag, found.is_dir ? "name a file in it" : "choose the name of a file");
		return CK_OUTPUT_EXISTS;
	}
	if (ck_option_given(&driver->options, CK_OPTION_FORCE))
		return CK_OK;
	struct ck_str bytes = {NULL, 0};
	enum { HEAD = 64 };
	int fd = may_replace ? ck_open_read(path.p) : -1;
	char head[HEAD];
	if (fd >= 0 && ck_pread_all(fd, head, found.size < HEAD ? (size_t)found.size : HEAD, 0))
		bytes = (struct ck_str){head, found.size < HEAD ? (size_t)found.size : HEAD};
	ck_close(fd);
	if (bytes.p && (bytes.n == 0 || may_replace(bytes)))
		return CK_OK;
	struct ck_diag *diag = ck_error(diags, CK_OUTPUT_EXISTS, (struct ck_span){0}, "the output \"%.*s\" exists", CK_STR_ARG(name));
	ck_diag_help(diags, diag, "choose another name, or replace it with --force");
	return CK_OUTPUT_EXISTS;
}

void ck_table_cell(struct ck_driver *driver, struct ck_table *table, struct ck_str text)
{
	if (ck_arena_grow(driver->arena, (void **)&table->cells, table->n_cells, &table->capacity, sizeof(*table->cells)))
		table->cells[table->n_cells++] = ck_str_copy(driver->arena, text);
}

enum { MAX_COLUMNS = 8, COLUMN_GAP = 2 };

void ck_table_put(struct ck_driver *driver, const struct ck_table *table)
{
	size_t widths[MAX_COLUMNS] = {0};
	CK_ASSERT(table->n_columns <= MAX_COLUMNS);
	if (ck_arena_failed(driver->arena))
		driver->out.failed = true;
	for (size_t i = 0; driver->out_is_terminal && i < table->n_cells; i++) {
		size_t columns = ck_str_columns(table->cells[i]);
		if (columns > widths[i % table->n_columns])
			widths[i % table->n_columns] = columns;
	}
	for (size_t i = 0; i < table->n_cells; i++) {
		size_t column = i % table->n_columns;
		bool is_last = column + 1 == table->n_columns;
		size_t fill = driver->out_is_terminal ? widths[column] - ck_str_columns(table->cells[i]) : 0;
		if (table->align[column] == 'r')
			ck_buf_fill(&driver->out, ' ', fill);
		ck_buf_str(&driver->out, table->cells[i]);
		if (is_last)
			ck_buf_char(&driver->out, '\n');
		else if (!driver->out_is_terminal)
			ck_buf_char(&driver->out, '\t');
		else
			ck_buf_fill(&driver->out, ' ', COLUMN_GAP + (table->align[column] == 'l' ? fill : 0));
	}
}

/* Exit codes of the hundreds of codes, by stage; 9 is the command line and the system. */
static enum ck_exit exit_of(enum ck_code code, enum ck_stage stage)
{
	static const enum ck_exit exits[][4] = {
		/*      COMMAND        COMPILE          BIND         RUN */
		[1] = {CK_EXIT_USAGE, CK_EXIT_COMPILE, CK_EXIT_FIT, CK_EXIT_FIT},
		[2] = {CK_EXIT_USAGE, CK_EXIT_COMPILE, CK_EXIT_FIT, CK_EXIT_FIT},
		[3] = {CK_EXIT_USAGE, CK_EXIT_COMPILE, CK_EXIT_FIT, CK_EXIT_FIT},
		/* Of a run: a name that no output can have. */
		[4] = {CK_EXIT_USAGE, CK_EXIT_COMPILE, CK_EXIT_FIT, CK_EXIT_USAGE},
		[6] = {CK_EXIT_PLAN, CK_EXIT_PLAN, CK_EXIT_PLAN, CK_EXIT_PLAN},
		[7] = {CK_EXIT_DATA, CK_EXIT_COMPILE, CK_EXIT_FIT, CK_EXIT_DATA},
		[8] = {CK_EXIT_USAGE, CK_EXIT_USAGE, CK_EXIT_USAGE, CK_EXIT_USAGE},
	};
	if (code == CK_OUTPUT_EXISTS)
		return CK_EXIT_REFUSED;
	if (code == CK_INTERRUPTED)
		return CK_EXIT_INTERRUPT;
	if (code == CK_INTERNAL)
		return CK_EXIT_BUG;
	size_t hundred = (size_t)(ck_code_number(code)[2] - '0');
	return hundred < CK_COUNT(exits) && exits[hundred][stage] ? exits[hundred][stage] : CK_EXIT_USAGE;
}

static void drop_warnings(struct ck_diags *diags)
{
	size_t n = 0;
	for (size_t i = 0; i < diags->n_items; i++) {
		if (diags->items[i]->severity == CK_ERROR)
			diags->items[n++] = diags->items[i];
	}
	diags->n_items = n;
	diags->n_warnings = 0;
}

enum ck_exit ck_output_finish(struct ck_driver *driver, enum ck_code code)
{
	struct ck_diags *diags = &driver->diags;
	if (!ck_buf_drain(&driver->out)) {
		errno = driver->out_drain.error ? driver->out_drain.error : ENOMEM;
		code = ck_error_io(diags, "write", CK_STR("standard output"));
	}
	if (code && diags->n_errors == 0) {
		if (code == CK_NOMEM) {
			code = ck_error_nomem(diags);
		} else {
			ck_error(diags, CK_INTERNAL, (struct ck_span){0}, "failed with %s and no word about why; this is a bug in ckmig",
				 ck_code_number(code));
			code = CK_INTERNAL;
		}
	}
	if (driver->quiet)
		drop_warnings(diags);
	struct ck_buf text = {0};
	enum ck_format format = (enum ck_format)ck_option_word(&driver->options, CK_OPTION_FORMAT);
	if (diags->n_items || format == CK_FORMAT_SARIF)
		ck_diags_render(diags, format, driver->color_err, &text);
	(void)!ck_output_write(STDERR_FILENO, text.failed ? CK_STR("error[E0903]: memory is short\n") : ck_buf_view(&text));
	ck_buf_clear(&text);
	if (code)
		return exit_of(code, driver->stage);
	return driver->differs ? CK_EXIT_DIFFERS : CK_EXIT_DONE;
}
