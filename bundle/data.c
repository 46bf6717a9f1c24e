#include "bundle/data.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bundle/crc32c.h"
#include "bundle/entry.h"
#include "bundle/path.h"
#include "bundle/strings.h"
#include "bundle/varint.h"

struct ck_data {
	const struct ck_manifest *manifest;
	int *fds;		/* [n_shards], -1: nothing lies in it */
	uint64_t *sizes;	/* [n_shards]; NULL: the files are borrowed */
};

/* The name of a data file, for messages. */
static struct ck_str shard_path(const struct ck_data *data, struct ck_diags *diags, uint32_t shard)
{
	return ck_path_data(diags->arena, data->manifest->prefix, shard, data->manifest->n_shards);
}

static enum ck_code open_shard(struct ck_data *data, uint32_t shard, struct ck_str key, struct ck_diags *diags)
{
	struct ck_str path = shard_path(data, diags, shard);
	struct ck_stat found;
	if (!path.p)
		return ck_error_nomem(diags);
	data->fds[shard] = ck_open_read(path.p);
	if (data->fds[shard] < 0 && errno == ENOENT) {
		struct ck_diag *diag = ck_error(diags, CK_BAD_SHARD, (struct ck_span){0}, "the data file \"%.*s\" is not there, and \"%.*s\" lies "
						"in it", CK_STR_ARG(ck_name_text(diags->arena, path)),
						CK_STR_ARG(ck_name_text(diags->arena, key)));
		ck_diag_help(diags, diag, "put it beside the index; an index alone is enough to plan, not to run");
		return CK_BAD_SHARD;
	}
	if (data->fds[shard] < 0)
		return ck_error_io(diags, "open", path);
	if (!ck_stat_fd(data->fds[shard], &found))
		return ck_error_io(diags, "look at", path);
	data->sizes[shard] = found.size;
	return CK_OK;
}

static enum ck_code open_place(struct ck_data *data, const struct ck_place *place, struct ck_str key, struct ck_diags *diags)
{
	if (place->n_bytes == 0)
		return CK_OK;
	enum ck_code code = data->fds[place->shard] < 0 ? open_shard(data, place->shard, key, diags) : CK_OK;
	if (code || place->offset + place->n_bytes <= data->sizes[place->shard])
		return code;
	return ck_shards_short(data->manifest, place->shard, data->sizes[place->shard], key, diags);
}

static enum ck_code open_all(struct ck_data *data, struct ck_diags *diags)
{
	enum ck_code code = CK_OK;
	for (size_t i = 0; i < data->manifest->n_variables && !code; i++) {
		const struct ck_variable *variable = &data->manifest->variables[i];
		if (variable->n_slices == 0)
			code = open_place(data, &variable->place, variable->key, diags);
		for (size_t j = 0; j < variable->n_slices && !code; j++)
			code = open_place(data, &variable->slices[j].place, variable->key, diags);
	}
	return code;
}

enum ck_code ck_data_open(const struct ck_manifest *manifest, struct ck_diags *diags, struct ck_data **ret_data)
{
	size_t n = manifest->n_shards;
	struct ck_data *data = ck_alloc(sizeof(*data));
	if (!data)
		return ck_error_nomem(diags);
	*data = (struct ck_data){.manifest = manifest, .fds = ck_alloc(n * sizeof(int)), .sizes = ck_alloc(n * sizeof(uint64_t))};
	enum ck_code code = CK_OK;
	for (size_t i = 0; data->fds && i < n; i++)
		data->fds[i] = -1;
	if (!data->fds || !data->sizes)
		code = ck_error_nomem(diags);
	if (!code)
		code = open_all(data, diags);
	if (code)
		ck_data_close(data);
	else
		*ret_data = data;
	return code;
}

enum ck_code ck_data_borrow(const struct ck_manifest *manifest, const int *fds, struct ck_diags *diags, struct ck_data **ret_data)
{
	struct ck_data *data = ck_alloc(sizeof(*data));
	if (!data)
		return ck_error_nomem(diags);
	*data = (struct ck_data){.manifest = manifest, .fds = ck_alloc((manifest->n_shards + 1) * sizeof(int))};
	if (!data->fds) {
		ck_data_close(data);
		return ck_error_nomem(diags);
	}
	memcpy(data->fds, fds, manifest->n_shards * sizeof(int));
	*ret_data = data;
	return CK_OK;
}

void ck_data_close(struct ck_data *data)
{
	if (!data)
		return;
	for (size_t i = 0; data->fds && data->sizes && i < data->manifest->n_shards; i++)
		ck_close(data->fds[i]);
	ck_free(data->fds);
	ck_free(data->sizes);
	ck_free(data);
}

const struct ck_manifest *ck_data_manifest(const struct ck_data *data)
{
	return data->manifest;
}

int ck_data_fd(const struct ck_data *data, uint32_t shard)
{
	CK_ASSERT(shard < data->manifest->n_shards);
	return data->fds[shard];
}

static enum ck_code read_place(const struct ck_data *data, const struct ck_place *place, uint64_t offset, size_t n, void *bytes,
			       struct ck_diags *diags)
{
	CK_ASSERT(offset <= place->n_bytes && n <= place->n_bytes - offset);
	if (n == 0 || ck_pread_all(data->fds[place->shard], bytes, n, place->offset + offset))
		return CK_OK;
	return ck_error_io(diags, "read", shard_path(data, diags, place->shard));
}

/* A partitioned variable as rows: runs of its bytes along the last axis that is cut, each below one index of the axes before it. */
struct rows {
	const struct ck_variable *variable;
	size_t n_outer;			/* axes before that one */
	uint64_t unit, row;		/* bytes of one index of it, and of all */
};

static struct rows rows_of(const struct ck_variable *variable)
{
	struct rows rows = {variable, variable->shape.rank, ck_dtype_width(variable->dtype), 0};
	bool is_cut = false;
	while (rows.n_outer > 0 && !is_cut) {
		size_t axis = rows.n_outer - 1;
		uint64_t dim = variable->shape.dims[axis];
		for (size_t i = 0; i < variable->n_slices; i++)
			is_cut |= variable->slices[i].length[axis] != dim;
		/* The first axis ends it: what is not cut at all is one row. */
		is_cut |= axis == 0;
		rows.n_outer = axis;
		rows.row = rows.unit * dim;
		rows.unit = is_cut ? rows.unit : rows.row;
	}
	return rows;
}

/* Where a part's piece of a row begins in the part, in rows of it. False if the row does not meet it. */
static bool find_row(const struct rows *rows, const struct ck_part *part, uint64_t row, uint64_t *ret_row)
{
	uint64_t place = 0, times = 1;
	for (size_t axis = rows->n_outer; axis-- > 0;) {
		uint64_t dim = rows->variable->shape.dims[axis], index = row % dim;
		if (index < part->start[axis] || index - part->start[axis] >= part->length[axis])
			return false;
		place += (index - part->start[axis]) * times;
		times *= part->length[axis];
		row /= dim;
	}
	*ret_row = place;
	return true;
}

/* Bytes [begin, end) of a row, from the parts that it meets. */
static enum ck_code read_row(const struct ck_data *data, const struct rows *rows, uint64_t row, uint64_t begin, uint64_t end, char *bytes,
			     struct ck_diags *diags)
{
	enum ck_code code = CK_OK;
	for (size_t i = 0; i < rows->variable->n_slices && !code; i++) {
		const struct ck_part *part = &rows->variable->slices[i];
		uint64_t first = part->start[rows->n_outer] * rows->unit, n = part->length[rows->n_outer] * rows->unit, at;
		uint64_t from = first > begin ? first : begin, to = first + n < end ? first + n : end;
		if (from < to && find_row(rows, part, row, &at))
			code = read_place(data, &part->place, at * n + (from - first), (size_t)(to - from), bytes + (from - begin), diags);
	}
	return code;
}

static enum ck_code read_parts(const struct ck_data *data, const struct ck_variable *variable, uint64_t offset, size_t n, char *bytes,
			       struct ck_diags *diags)
{
	struct rows rows = rows_of(variable);
	enum ck_code code = CK_OK;
	CK_ASSERT(offset <= variable->place.n_bytes && n <= variable->place.n_bytes - offset && ck_dtype_width(variable->dtype));
	if (variable->shape.rank == 0)
		return read_place(data, &variable->slices[0].place, offset, n, bytes, diags);
	while (n && !code) {
		uint64_t begin = offset % rows.row, left = rows.row - begin;
		size_t part = n < left ? n : (size_t)left;
		code = read_row(data, &rows, offset / rows.row, begin, begin + part, bytes, diags);
		offset += part;
		bytes += part;
		n -= part;
	}
	return code;
}

enum ck_code ck_data_read(const struct ck_data *data, const struct ck_variable *variable, uint64_t offset, size_t n, void *bytes,
			  struct ck_diags *diags)
{
	if (variable->n_slices)
		return read_parts(data, variable, offset, n, bytes, diags);
	return read_place(data, &variable->place, offset, n, bytes, diags);
}

enum ck_code ck_data_read_place(const struct ck_data *data, const struct ck_place *place, void *bytes, struct ck_diags *diags)
{
	CK_ASSERT(place->offset + place->n_bytes <= data->sizes[place->shard]);
	return read_place(data, place, 0, (size_t)place->n_bytes, bytes, diags);
}

static enum ck_code damaged(const struct ck_data *data, const struct ck_variable *variable, const struct ck_place *place,
			    enum ck_code code, const char *what, struct ck_diags *diags)
{
	struct ck_diag *diag = ck_error(diags, code, (struct ck_span){0}, "\"%.*s\" is damaged in \"%.*s\": the tensor has %s",
					CK_STR_ARG(ck_name_text(diags->arena, variable->key)),
					CK_STR_ARG(ck_name_text(diags->arena, shard_path(data, diags, place->shard))), what);
	ck_diag_note(diags, diag, "bytes %" PRIu64 " to %" PRIu64 " of that file", place->offset, place->offset + place->n_bytes);
	ck_diag_help(diags, diag, "copy the checkpoint again from where it came, or use an older one");
	return code;
}

static enum ck_code compare_crc(const struct ck_data *data, const struct ck_variable *variable, const struct ck_place *place,
				uint32_t found, struct ck_diags *diags)
{
	uint32_t stored = ck_crc32c_unmask(place->crc);
	if (stored == found)
		return CK_OK;
	char what[80];
	snprintf(what, sizeof(what), "the checksum %08" PRIx32 ", but the index says %08" PRIx32, found, stored);
	return damaged(data, variable, place, CK_BAD_CHECKSUM, place->crc ? what : "a checksum, but the index has none", diags);
}

/* Reads a place from begin to end, a buffer at a time. */
struct stream {
	const struct ck_data *data;
	const struct ck_variable *variable;
	const struct ck_place *place;
	struct ck_diags *diags;
	char *buffer;
	size_t n_buffer, at, n;		/* bytes at..n of the buffer are still to be taken */
	uint64_t offset;		/* of what follows the buffer */
};

static uint64_t stream_left(const struct stream *stream)
{
	return stream->place->n_bytes - stream->offset + (stream->n - stream->at);
}

/* Makes at least `least` bytes (or all that are left) stand in the buffer. */
static enum ck_code stream_fill(struct stream *stream, size_t least)
{
	size_t kept = stream->n - stream->at;
	if (kept >= least || stream->offset == stream->place->n_bytes)
		return CK_OK;
	if (kept)
		memmove(stream->buffer, stream->buffer + stream->at, kept);
	uint64_t left = stream->place->n_bytes - stream->offset;
	size_t part = left < stream->n_buffer - kept ? (size_t)left : stream->n_buffer - kept;
	enum ck_code code = read_place(stream->data, stream->place, stream->offset, part, stream->buffer + kept, stream->diags);
	stream->at = 0;
	stream->n = kept + part;
	stream->offset += part;
	return code;
}

/* Continues the checksum over the next n bytes, which are there. */
static enum ck_code stream_crc(struct stream *stream, uint64_t n, uint32_t *crc)
{
	enum ck_code code = CK_OK;
	while (n && !code) {
		code = stream_fill(stream, 1);
		size_t there = stream->n - stream->at, part = n < there ? (size_t)n : there;
		if (!code)
			*crc = ck_crc32c(*crc, stream->buffer + stream->at, part);
		stream->at += part;
		n -= part;
	}
	return code;
}

static enum ck_code stream_bad(struct stream *stream, const char *what)
{
	return damaged(stream->data, stream->variable, stream->place, CK_BAD_ENTRY, what, stream->diags);
}

static enum ck_code stream_length(struct stream *stream, bool wide, uint64_t *ret_length, uint32_t *crc)
{
	enum ck_code code = stream_fill(stream, CK_MAX_VARINT);
	if (code)
		return code;
	struct ck_str bytes = {stream->buffer + stream->at, stream->n - stream->at};
	size_t before = bytes.n;
	if (!ck_varint_take(&bytes, ret_length))
		return stream_bad(stream, "a length that is no number");
	stream->at += before - bytes.n;
	if (*ret_length > stream_left(stream))
		return stream_bad(stream, "a length beyond its end");
	*crc = ck_strings_crc_length(*crc, *ret_length, wide, stream->data->manifest->big_endian);
	return CK_OK;
}

/* A stored checksum of what came before; it is itself covered by what follows. */
static enum ck_code stream_checksum(struct stream *stream, uint32_t *crc)
{
	enum ck_code code = stream_fill(stream, CK_STRINGS_CHECKSUM);
	if (code)
		return code;
	if (stream->n - stream->at < CK_STRINGS_CHECKSUM)
		return stream_bad(stream, "no room for the checksum of its lengths");
	if (ck_strings_checksum(stream->buffer + stream->at, stream->data->manifest->big_endian) != *crc)
		return damaged(stream->data, stream->variable, stream->place, CK_BAD_CHECKSUM,
			       "lengths whose own checksum does not match", stream->diags);
	return stream_crc(stream, CK_STRINGS_CHECKSUM, crc);
}

static enum ck_code check_strings(struct stream *stream, uint64_t n_elems, uint32_t *crc)
{
	uint64_t sum = 0;
	enum ck_code code = CK_OK;
	for (uint64_t i = 0; i < n_elems && !code; i++) {
		uint64_t length = 0;
		code = stream_length(stream, false, &length, crc);
		if (!code && !ck_add(sum, length, &sum))
			code = stream_bad(stream, "lengths that add up to more than its bytes");
	}
	if (!code)
		code = stream_checksum(stream, crc);
	if (!code && sum != stream_left(stream))
		code = stream_bad(stream, sum > stream_left(stream) ? "lengths that add up to more than its bytes"
								    : "lengths that add up to less than its bytes");
	return code ? code : stream_crc(stream, sum, crc);
}

static enum ck_code check_variants(struct stream *stream, uint64_t n_elems, uint32_t *crc)
{
	enum ck_code code = CK_OK;
	for (uint64_t i = 0; i < n_elems && !code; i++) {
		uint64_t length = 0;
		code = stream_length(stream, true, &length, crc);
		if (!code)
			code = stream_crc(stream, length, crc);
		if (!code)
			code = stream_checksum(stream, crc);
	}
	return code || !stream_left(stream) ? code : stream_bad(stream, "bytes after its last element");
}

/* One place of a variable, which holds the elements of shape. */
static enum ck_code check_place(const struct ck_data *data, const struct ck_variable *variable, const struct ck_place *place,
				struct ck_shape shape, void *buffer, size_t n, struct ck_diags *diags)
{
	struct stream stream = {data, variable, place, diags, buffer, n, 0, 0, 0};
	uint32_t crc = 0;
	uint64_t n_elems;
	enum ck_code code;
	if (!ck_shape_elems(shape, &n_elems))
		return damaged(data, variable, place, CK_BAD_ENTRY, "a shape that no memory can hold", diags);
	if (variable->dtype == CK_DT_STRING && place->n_bytes)
		code = check_strings(&stream, n_elems, &crc);
	else if (variable->dtype == CK_DT_VARIANT)
		code = check_variants(&stream, n_elems, &crc);
	else
		code = stream_crc(&stream, place->n_bytes, &crc);
	return code ? code : compare_crc(data, variable, place, crc, diags);
}

enum ck_code ck_data_check(const struct ck_data *data, const struct ck_variable *variable, void *buffer, size_t n, struct ck_diags *diags)
{
	if (variable->n_slices == 0)
		return check_place(data, variable, &variable->place, variable->shape, buffer, n, diags);
	enum ck_code code = CK_OK;
	for (size_t i = 0; i < variable->n_slices && !code; i++) {
		const struct ck_part *part = &variable->slices[i];
		struct ck_shape shape = {variable->shape.rank, part->length};
		code = check_place(data, variable, &part->place, shape, buffer, n, diags);
	}
	return code;
}

enum ck_code ck_data_strings(const struct ck_data *data, const struct ck_variable *variable, struct ck_arena *arena,
			     struct ck_diags *diags, struct ck_str **ret_strings, size_t *ret_n)
{
	uint64_t n;
	uint32_t crc;
	CK_ASSERT(variable->dtype == CK_DT_STRING && variable->n_slices == 0);
	size_t n_bytes = (size_t)variable->place.n_bytes;
	/* n is at most n_bytes: the entry was refused else. */
	char *bytes = ck_arena_alloc(arena, n_bytes);
	struct ck_str *strings = ck_shape_elems(variable->shape, &n) ? ck_arena_array(arena, n, sizeof(*strings)) : NULL;
	if (!bytes || !strings)
		return ck_error_nomem(diags);
	enum ck_code code = ck_data_read(data, variable, 0, n_bytes, bytes, diags);
	if (code)
		return code;
	const char *wrong = ck_strings_decode((struct ck_str){bytes, n_bytes}, n, data->manifest->big_endian, strings, &crc);
	if (wrong)
		return damaged(data, variable, &variable->place, CK_BAD_ENTRY, wrong, diags);
	code = compare_crc(data, variable, &variable->place, crc, diags);
	if (code)
		return code;
	*ret_strings = strings;
	*ret_n = n;
	return CK_OK;
}
