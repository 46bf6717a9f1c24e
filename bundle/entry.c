#include "bundle/entry.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bundle/path.h"

enum {
	READER_VERSION = 1,		/* of bundles: TensorFlow's kTensorBundleVersion */
	SCRATCH_RENEWED = 1 << 20,	/* bytes of messages after which scratch is made anew */
	UNPACKED_RATIO = 128,		/* bytes of a message in memory, at most, a byte of it on disk */
	LENGTHS_CHECKSUM = 4,		/* bytes of a string tensor's second checksum */
	LEAST_VARIANT = 5,		/* bytes of a variant: its length and its checksum */
};


void ck_entry_reader_clear(struct ck_entry_reader *reader)
{
	ck_arena_free(reader->scratch);
	reader->scratch = NULL;
}

enum ck_code ck_entry_error(const struct ck_entry_reader *reader, struct ck_str key, const char *format, ...)
{
	struct ck_arena *arena = reader->diags->arena;
	va_list args;
	va_start(args, format);
	struct ck_str what = ck_str_vformat(arena, format, args);
	va_end(args);
	struct ck_diag *diag = ck_error(reader->diags, CK_BAD_ENTRY, (struct ck_span){0}, "\"%.*s\": the entry of \"%.*s\" %.*s",
					CK_STR_ARG(ck_name_text(arena, reader->path)), CK_STR_ARG(ck_name_text(arena, key)),
					CK_STR_ARG(what));
	ck_diag_help(reader->diags, diag, "the index is damaged, or was written by a faulty program: save the checkpoint again");
	return CK_BAD_ENTRY;
}

static void *scratch_alloc(void *scratch, size_t n)
{
	return ck_arena_alloc(scratch, n);
}

static void scratch_free(void *scratch, void *bytes)
{
	(void)scratch;
	(void)bytes;
}

/* Unpacks a message that lives until the next one is unpacked. NULL, with *ret_code set, when it is none. */
static ProtobufCMessage *unpack(struct ck_entry_reader *reader, const ProtobufCMessageDescriptor *descriptor, struct ck_str bytes,
				enum ck_code *ret_code)
{
	if (reader->scratch && (ck_arena_used(reader->scratch) > SCRATCH_RENEWED || bytes.n > SCRATCH_RENEWED / UNPACKED_RATIO))
		ck_entry_reader_clear(reader);
	if (!reader->scratch)
		reader->scratch = ck_arena_new((size_t)4 * SCRATCH_RENEWED + UNPACKED_RATIO * bytes.n);
	*ret_code = CK_NOMEM;
	if (!reader->scratch)
		return NULL;
	ProtobufCAllocator allocator = {scratch_alloc, scratch_free, reader->scratch};
	ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, bytes.n, (const uint8_t *)bytes.p);
	if (!message && !ck_arena_failed(reader->scratch))
		*ret_code = CK_BAD_ENTRY;
	else if (message)
		*ret_code = CK_OK;
	return message;
}

/* Dimensions in the arena. */
static enum ck_code take_shape(struct ck_entry_reader *reader, struct ck_str key, const Ck__Tf__Shape *shape, struct ck_shape *ret_shape)
{
	*ret_shape = (struct ck_shape){0};
	if (!shape)
		return CK_OK;
	if (shape->unknown_rank)
		return ck_entry_error(reader, key, "has a shape of unknown rank");
	if (shape->n_dim > CK_MAX_RANK)
		return ck_entry_error(reader, key, "has rank %zu; the most is %d", shape->n_dim, CK_MAX_RANK);
	if (shape->n_dim == 0)
		return CK_OK;
	uint64_t *dims = ck_arena_array(reader->arena, shape->n_dim, sizeof(*dims));
	if (!dims)
		return ck_error_nomem(reader->diags);
	for (size_t i = 0; i < shape->n_dim; i++) {
		if (shape->dim[i]->size < 0)
			return ck_entry_error(reader, key, "has the dimension %" PRId64, shape->dim[i]->size);
		dims[i] = (uint64_t)shape->dim[i]->size;
	}
	*ret_shape = (struct ck_shape){shape->n_dim, dims};
	return CK_OK;
}

/* "f32[2, 3]" for messages. */
static struct ck_str type_text(struct ck_arena *arena, const struct ck_entry *entry)
{
	struct ck_buf text = {0};
	ck_buf_printf(&text, "%s", ck_dtype_name(entry->dtype));
	ck_buf_shape(&text, entry->shape, false);
	struct ck_str copy = text.failed ? (struct ck_str){0} : ck_str_copy(arena, ck_buf_view(&text));
	ck_buf_clear(&text);
	return copy;
}

static enum ck_code check_size(struct ck_entry_reader *reader, struct ck_str key, const struct ck_entry *entry)
{
	struct ck_arena *arena = reader->diags->arena;
	uint64_t n_elems, n_bytes = 0, size = entry->place.n_bytes;
	size_t width = ck_dtype_width(entry->dtype);
	if (!ck_shape_elems(entry->shape, &n_elems) || (width && (!ck_mul(n_elems, width, &n_bytes) || n_bytes > INT64_MAX)))
		return ck_entry_error(reader, key, "has a shape that no memory can hold: %.*s", CK_STR_ARG(type_text(arena, entry)));
	if (entry->n_slices)
		return CK_OK;
	if (width && size != n_bytes)
		return ck_entry_error(reader, key, "has %" PRIu64 " bytes, but %.*s takes %" PRIu64, size,
				      CK_STR_ARG(type_text(arena, entry)), n_bytes);
	if (entry->dtype == CK_DT_STRING && !(n_elems == 0 && size == 0) &&
	    (size < LENGTHS_CHECKSUM || size - LENGTHS_CHECKSUM < n_elems))
		return ck_entry_error(reader, key, "has %" PRIu64 " bytes, too few for %" PRIu64 " strings", size, n_elems);
	if (entry->dtype == CK_DT_VARIANT && (size / LEAST_VARIANT < n_elems || (n_elems == 0 && size)))
		return ck_entry_error(reader, key, "has %" PRIu64 " bytes, which cannot hold %" PRIu64 " variants", size, n_elems);
	return CK_OK;
}

/* One extent of a slice: [start, start + length) of an axis, or all of it. */
static enum ck_code take_extent(struct ck_entry_reader *reader, struct ck_str key, const Ck__Tf__Extent *extent, uint64_t dim,
				uint64_t *ret_start, uint64_t *ret_length, bool *ret_is_full)
{
	*ret_is_full = extent->has_length_case == CK__TF__EXTENT__HAS_LENGTH__NOT_SET;
	*ret_start = 0;
	*ret_length = dim;
	if (*ret_is_full)
		return CK_OK;
	int64_t start = extent->start, length = extent->length;
	if (start < 0 || length < 0 || (uint64_t)start > dim || (uint64_t)length > dim - (uint64_t)start)
		return ck_entry_error(reader, key, "lists a slice of %" PRId64 " at %" PRId64 " of an axis of %" PRIu64, length, start, dim);
	*ret_start = (uint64_t)start;
	*ret_length = (uint64_t)length;
	return CK_OK;
}

static enum ck_code take_slices(struct ck_entry_reader *reader, struct ck_str key, const Ck__Tf__BundleEntry *message,
				struct ck_entry *entry)
{
	size_t rank = entry->shape.rank, n = message->n_slices;
	uint64_t n_numbers;
	if (n == 0)
		return CK_OK;
	for (size_t i = 0; i < n; i++) {
		if (message->slices[i]->n_extent != rank)
			return ck_entry_error(reader, key, "lists a slice of rank %zu, but has rank %zu",
					      message->slices[i]->n_extent, rank);
	}
	struct ck_part *parts = ck_arena_array(reader->arena, n, sizeof(*parts));
	uint64_t *numbers = ck_mul(n, 2 * rank, &n_numbers) ? ck_arena_array(reader->arena, n_numbers, sizeof(*numbers)) : NULL;
	bool *is_full = ck_arena_array(reader->arena, numbers ? n * rank : 0, sizeof(*is_full));
	if (!parts || !numbers || !is_full)
		return ck_error_nomem(reader->diags);
	for (size_t i = 0; i < n; i++) {
		uint64_t *start = numbers + 2 * i * rank, *length = start + rank;
		for (size_t axis = 0; axis < rank; axis++) {
			enum ck_code code = take_extent(reader, key, message->slices[i]->extent[axis], entry->shape.dims[axis],
							&start[axis], &length[axis], &is_full[i * rank + axis]);
			if (code)
				return code;
		}
		parts[i] = (struct ck_part){.start = start, .length = length};
	}
	entry->n_slices = n;
	entry->slices = parts;
	entry->is_full = is_full;
	return CK_OK;
}

static enum ck_code take_place(struct ck_entry_reader *reader, struct ck_str key, const Ck__Tf__BundleEntry *message,
			       struct ck_place *ret_place)
{
	uint64_t end;
	if (message->shard_id < 0 || (uint32_t)message->shard_id >= reader->n_shards)
		return ck_entry_error(reader, key, "lies in shard %" PRId32 " of %" PRIu32 " (they count from 0)", message->shard_id,
				      reader->n_shards);
	if (message->offset < 0 || message->size < 0 || !ck_add((uint64_t)message->offset, (uint64_t)message->size, &end) ||
	    end > INT64_MAX)
		return ck_entry_error(reader, key, "lies at offset %" PRId64 " and has %" PRId64 " bytes, which no file has",
				      message->offset, message->size);
	*ret_place = (struct ck_place){(uint32_t)message->shard_id, (uint64_t)message->offset, (uint64_t)message->size, message->crc32c};
	return CK_OK;
}

enum ck_code ck_entry_decode(struct ck_entry_reader *reader, struct ck_pair pair, struct ck_entry *ret_entry)
{
	enum ck_code code;
	const Ck__Tf__BundleEntry *message = (void *)unpack(reader, &ck__tf__bundle_entry__descriptor, pair.value, &code);
	if (!message)
		return code == CK_NOMEM ? ck_error_nomem(reader->diags) : ck_entry_error(reader, pair.key, "cannot be read");
	struct ck_entry entry = {.dtype = (enum ck_dtype)message->dtype};
	if (message->dtype < 0 || !ck_dtype_info((uint32_t)message->dtype))
		return ck_entry_error(reader, pair.key, "has the dtype %" PRId32 ", which is none of a tensor", message->dtype);
	code = take_shape(reader, pair.key, message->shape, &entry.shape);
	if (!code)
		code = take_slices(reader, pair.key, message, &entry);
	if (!code)
		code = take_place(reader, pair.key, message, &entry.place);
	if (!code)
		code = check_size(reader, pair.key, &entry);
	if (!code)
		*ret_entry = entry;
	return code;
}

static enum ck_code bad_header(struct ck_entry_reader *reader, enum ck_code code, const char *what, const char *help)
{
	struct ck_diag *diag = ck_error(reader->diags, code, (struct ck_span){0}, "\"%.*s\" %s",
					CK_STR_ARG(ck_name_text(reader->diags->arena, reader->path)), what);
	ck_diag_help(reader->diags, diag, "%s", help);
	return code;
}

static enum ck_code check_version(struct ck_entry_reader *reader, const Ck__Tf__Version *version)
{
	if (!version)
		return CK_OK;	/* before versions were written */
	bool refused = version->min_consumer > READER_VERSION;
	for (size_t i = 0; i < version->n_bad_consumers; i++)
		refused = refused || version->bad_consumers[i] == READER_VERSION;
	if (!refused)
		return CK_OK;
	return bad_header(reader, CK_FORMAT_NOT_AVAILABLE, "says that readers of bundle version 1 may not read it",
			  "look for a newer ckmig, or save the checkpoint with another version of TensorFlow");
}

enum ck_code ck_header_decode(struct ck_entry_reader *reader, struct ck_str value, struct ck_header *ret_header)
{
	static const char again[] = "copy the file again from where it came, or save the checkpoint again";
	enum ck_code code;
	/* The first field of a V1 checkpoint's first value is a message; that of a bundle is a number. */
	if (value.n && value.p[0] == 0x0a)
		return ck_path_old_format(reader->path, reader->diags);
	const Ck__Tf__BundleHeader *header = (void *)unpack(reader, &ck__tf__bundle_header__descriptor, value, &code);
	if (!header)
		return code == CK_NOMEM ? ck_error_nomem(reader->diags)
					: bad_header(reader, CK_BAD_INDEX, "is damaged: its header cannot be read", again);
	if (header->endianness != 0 && header->endianness != 1)
		return bad_header(reader, CK_BAD_INDEX, "is damaged: its byte order is neither little nor big", again);
	if (header->num_shards < 0 || header->num_shards > CK_MAX_SHARDS) {
		struct ck_str what = ck_str_format(reader->diags->arena, "is damaged: it says that there are %" PRId32 " data files",
						   header->num_shards);
		return bad_header(reader, CK_BAD_INDEX, what.p ? what.p : "is damaged", again);
	}
	code = check_version(reader, header->version);
	if (!code)
		*ret_header = (struct ck_header){(uint32_t)header->num_shards, header->endianness == 1};
	return code;
}
