#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

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

static enum ck_code copy(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable, int fd, uint64_t at,
			 char *buffer, struct ck_str path)
{
	enum ck_code code = CK_OK;
	for (uint64_t done = 0; done < variable->place.n_bytes && !code;) {
		uint64_t left = variable->place.n_bytes - done;
		size_t part = left < BUFFER ? (size_t)left : BUFFER;
		code = ck_data_read(data, variable, done, part, buffer, &driver->diags);
		if (!code && !ck_pwrite_all(fd, buffer, part, at + done))
			code = ck_error_io(&driver->diags, "write", path);
		done += part;
	}
	return code;
}

static enum ck_code write_file(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable, struct ck_str path,
			       char *buffer)
{
	struct ck_buf header = {0};
	struct ck_str temporary = ck_str_format(driver->arena, "%.*s.tmp-%ld", CK_STR_ARG(path), (long)getpid());
	put_header(&header, variable, ck_data_manifest(data)->big_endian);
	/* Two bytes hold the header's length: enough for any rank. */
	CK_ASSERT(header.failed || header.n < UINT16_MAX);
	if (header.failed || !temporary.p) {
		ck_buf_clear(&header);
		return ck_error_nomem(&driver->diags);
	}
	enum ck_code code = CK_OK;
	int fd = ck_open_create(temporary.p);
	if (fd < 0 || !ck_pwrite_all(fd, header.p, header.n, 0))
		code = ck_error_io(&driver->diags, "write", path);
	if (!code)
		code = copy(driver, data, variable, fd, header.n, buffer, path);
	if (!code && !ck_rename(temporary.p, path.p))
		code = ck_error_io(&driver->diags, "write", path);
	if (code && fd >= 0)
		unlink(temporary.p);
	ck_close(fd);
	ck_buf_clear(&header);
	return code;
}

enum ck_code ck_npy_write(struct ck_driver *driver, const struct ck_data *data, const struct ck_variable *variable, struct ck_str path)
{
	if (ck_dtype_width(variable->dtype) == 0) {
		ck_error(&driver->diags, CK_FORMAT_NOT_AVAILABLE, (struct ck_span){0}, "\"%.*s\" is of dtype %s, which .npy files cannot hold",
			 CK_STR_ARG(ck_name_text(driver->arena, variable->key)), ck_dtype_name(variable->dtype));
		return CK_FORMAT_NOT_AVAILABLE;
	}
	enum ck_code code = ck_output_allowed(driver, path, NULL, 0, NULL);
	if (code)
		return code;
	char *buffer = ck_alloc(BUFFER);
	if (!buffer)
		return ck_error_nomem(&driver->diags);
	code = ck_data_check(data, variable, buffer, BUFFER, &driver->diags);
	if (!code)
		code = write_file(driver, data, variable, path, buffer);
	ck_free(buffer);
	return code;
}
