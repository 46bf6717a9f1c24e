#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "bundle/path.h"
#include "compiler/driver/values.h"
#include "vm/convert.h"

enum { BUFFER = 1 << 20, HEADER_ALIGN = 64, HEADER_BEGIN = 10 };

/* "<f4": byte order, kind and width. NumPy's names of complex ones count both parts. */
static void put_descr(struct ck_buf *buf, const struct ck_variable *variable, bool big_endian)
{
	static const char kinds[] = {
		[CK_CLASS_FLOAT] = 'f', [CK_CLASS_INT] = 'i', [CK_CLASS_UINT] = 'u', [CK_CLASS_BOOL] = 'b', [CK_CLASS_COMPLEX] = 'c',
		[CK_CLASS_STRING] = 'S', [CK_CLASS_OPAQUE] = 'u',
	};
	size_t width = ck_dtype_width(variable->dtype);
	bool is_float = variable->dtype == CK_DT_F16 || variable->dtype == CK_DT_F32 || variable->dtype == CK_DT_F64;
	enum ck_dtype_class class = ck_dtype_class(variable->dtype);
	char kind = class == CK_CLASS_FLOAT && !is_float ? 'u' : kinds[class];
	ck_buf_printf(buf, "%c%c%zu", width == 1 ? '|' : big_endian ? '>' : '<', kind, width);
}

static void put_header(struct ck_buf *buf, const struct ck_variable *variable, bool big_endian)
{
	struct ck_buf text = {0};
	ck_buf_str(&text, CK_STR("{'descr': '"));
	put_descr(&text, variable, big_endian);
	ck_buf_str(&text, CK_STR("', 'fortran_order': False, 'shape': ("));
	for (size_t i = 0; i < variable->shape.rank; i++)
		ck_buf_printf(&text, "%s%" PRIu64 "%s", i ? ", " : "", variable->shape.dims[i], variable->shape.rank == 1 ? "," : "");
	ck_buf_str(&text, CK_STR("), }"));
	while ((HEADER_BEGIN + text.n + 1) % HEADER_ALIGN && !text.failed)
		ck_buf_char(&text, ' ');
	ck_buf_char(&text, '\n');
	ck_buf_bytes(buf, "\x93NUMPY\1\0", 8);
	ck_buf_char(buf, (char)(text.n & 0xff));
	ck_buf_char(buf, (char)(text.n >> 8));
	ck_buf_str(buf, ck_buf_view(&text));
	buf->failed |= text.failed;
	ck_buf_clear(&text);
}

/* Where the bytes go: a file, or standard output. */
struct sink {
	int fd;
	bool is_stream;
	uint64_t at;
	struct ck_str path;
};

static enum ck_code put(struct ck_driver *driver, struct sink *sink, const char *bytes, size_t n)
{
	bool good = sink->is_stream ? ck_output_write(sink->fd, (struct ck_str){bytes, n}) : ck_pwrite_all(sink->fd, bytes, n, sink->at);
	sink->at += n;
	return good ? CK_OK : ck_error_io(&driver->diags, "write", sink->path);
}

/* A byte holds 4 bits of a signed number, and nothing is said of the others: NumPy reads all 8. */
static void extend_signs(char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(((bytes[i] & 15) ^ 8) - 8);
}

static enum ck_code put_all(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable, struct sink *sink,
			    struct ck_str header, char *buffer)
{
	enum ck_code code = put(driver, sink, header.p, header.n);
	for (uint64_t done = 0; done < variable->place.n_bytes && !code;) {
		uint64_t left = variable->place.n_bytes - done;
		size_t part = left < BUFFER ? (size_t)left : BUFFER;
		code = ck_data_read(data, variable, done, part, buffer, &driver->diags);
		if (variable->dtype == CK_DT_I4)
			extend_signs(buffer, part);
		if (!code)
			code = put(driver, sink, buffer, part);
		done += part;
	}
	return code;
}

static enum ck_code write_file(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable, struct ck_str path,
			       struct ck_str header, char *buffer)
{
	struct ck_str temporary = ck_str_format(driver->arena, "%.*s.tmp-%ld", CK_STR_ARG(path), (long)getpid());
	if (!temporary.p)
		return ck_error_nomem(&driver->diags);
	ck_temporary_set(temporary.p);
	struct sink sink = {.fd = ck_open_create(temporary.p), .path = path};
	enum ck_code code = sink.fd < 0 ? ck_error_io(&driver->diags, "write", path) : put_all(driver, data, variable, &sink, header, buffer);
	if (!code && !ck_rename(temporary.p, path.p))
		code = ck_error_io(&driver->diags, "write", path);
	ck_temporary_set(NULL);
	if (code && sink.fd >= 0)
		unlink(temporary.p);
	ck_close(sink.fd);
	return code;
}

static enum ck_code write_npy(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable, struct ck_str path,
			      char *buffer)
{
	struct sink sink = {.fd = STDOUT_FILENO, .is_stream = true, .path = CK_STR("standard output")};
	struct ck_buf header = {0};
	enum ck_code code = ck_data_check(data, variable, buffer, BUFFER, &driver->diags);
	put_header(&header, variable, ck_data_manifest(data)->big_endian);
	/* Two bytes hold the header's length: enough for any rank. */
	CK_ASSERT(header.failed || header.n < UINT16_MAX);
	if (!code && header.failed)
		code = ck_error_nomem(&driver->diags);
	if (!code && ck_str_equal(path, CK_STR("-")))
		code = put_all(driver, data, variable, &sink, ck_buf_view(&header), buffer);
	else if (!code)
		code = write_file(driver, data, variable, path, ck_buf_view(&header), buffer);
	ck_buf_clear(&header);
	return code;
}

enum ck_code ck_npy_write(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable, struct ck_str path)
{
	struct ck_str name = ck_name_text(driver->arena, variable->key);
	if (ck_dtype_width(variable->dtype) == 0) {
		ck_error(&driver->diags, CK_FORMAT_NOT_AVAILABLE, (struct ck_span){0}, "\"%.*s\" is of dtype %s, which .npy files cannot hold",
			 CK_STR_ARG(name), ck_dtype_name(variable->dtype));
		return CK_FORMAT_NOT_AVAILABLE;
	}
	bool to_stdout = ck_str_equal(path, CK_STR("-"));
	if (to_stdout && (driver->json || driver->out_is_terminal)) {
		ck_usage_error(&driver->diags, driver->options.command, driver->json ? "--npy - and --json: standard output is for one of them"
			       : "a .npy file is binary and does not go to a terminal; give a file, or pipe it on");
		return CK_USAGE;
	}
	struct ck_str index = ck_path_index(driver->arena, ck_data_manifest(data)->prefix);
	char *buffer = index.p ? ck_alloc(BUFFER) : NULL;
	if (!buffer)
		return ck_error_nomem(&driver->diags);
	enum ck_code code = ck_output_allowed(driver, path, &index, 1, NULL);
	if (!code)
		code = write_npy(driver, data, variable, path, buffer);
	ck_free(buffer);
	return code;
}
