/* Partitioned variables: the keys of their parts, and whether these tile the whole; places that overlap. */
#include <inttypes.h>
#include <stdlib.h>

#include "bundle/entry.h"

/**
 * Ordered-code numbers: their bytes sort as they do. Unsigned: a byte that tells how many follow, most significant first.
 * @source   tensorflow/core/lib/strings/ordered_code.cc
 */
static void put_unsigned(struct ck_buf *out, uint64_t value)
{
	unsigned n = 0;
	while (n < 8 && value >> (8 * n))
		n++;
	ck_buf_char(out, (char)n);
	for (; n > 0; n--)
		ck_buf_char(out, (char)(unsigned char)(value >> (8 * (n - 1))));
}

/* Signed: as many leading ones as there are bytes, inverted for negative numbers, seven bits of the number a byte. */
static void put_signed(struct ck_buf *out, int64_t value)
{
	static const unsigned char heads[11][2] = {
		{0}, {0x80}, {0xc0}, {0xe0}, {0xf0}, {0xf8}, {0xfc}, {0xfe}, {0xff}, {0xff, 0x80}, {0xff, 0xc0},
	};
	uint64_t size = value < 0 ? ~(uint64_t)value : (uint64_t)value;
	unsigned n = 1;
	while (7 * n - 1 < 64 && size >> (7 * n - 1))
		n++;
	unsigned char bytes[10];
	for (unsigned i = 0; i < n; i++) {
		unsigned shift = 8 * (n - 1 - i);
		uint64_t sign = value < 0 ? UINT64_MAX : 0;
		bytes[i] = (unsigned char)(shift < 64 ? (uint64_t)value >> shift : sign);
	}
	bytes[0] = (unsigned char)(bytes[0] ^ heads[n][0]);
	if (n > 1)
		bytes[1] = (unsigned char)(bytes[1] ^ heads[n][1]);
	ck_buf_bytes(out, bytes, n);
}

static void put_string(struct ck_buf *out, struct ck_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		ck_buf_char(out, s.p[i]);
		if (s.p[i] == '\0')
			ck_buf_char(out, (char)0xff);
		else if (s.p[i] == (char)0xff)
			ck_buf_char(out, '\0');
	}
	ck_buf_bytes(out, "\0\1", 2);
}

void ck_part_key(struct ck_buf *out, struct ck_str key, size_t rank, const struct ck_part *part, const bool *is_full)
{
	put_unsigned(out, 0);
	put_string(out, key);
	put_unsigned(out, rank);
	for (size_t axis = 0; axis < rank; axis++) {
		put_signed(out, is_full[axis] ? 0 : (int64_t)part->start[axis]);
		put_signed(out, is_full[axis] ? -1 : (int64_t)part->length[axis]);
	}
}

static size_t find_pair(const struct ck_pair *pairs, size_t n_pairs, struct ck_str key)
{
	size_t low = 0, high = n_pairs;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ck_str_compare(pairs[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n_pairs && ck_str_equal(pairs[low].key, key) ? low : n_pairs;
}

/* "[0:3, 2:5]" into the arena of the diagnostics. */
static struct ck_str box_text(struct ck_arena *arena, const struct ck_part *part, size_t rank)
{
	struct ck_buf text = {0};
	ck_buf_char(&text, '[');
	for (size_t i = 0; i < rank; i++)
		ck_buf_printf(&text, "%s%" PRIu64 ":%" PRIu64, i ? ", " : "", part->start[i], part->start[i] + part->length[i]);
	ck_buf_char(&text, ']');
	struct ck_str copy = text.failed ? (struct ck_str){0} : ck_str_copy(arena, ck_buf_view(&text));
	ck_buf_clear(&text);
	return copy;
}

static bool share_elements(const struct ck_part *a, const struct ck_part *b, size_t rank)
{
	for (size_t i = 0; i < rank; i++) {
		uint64_t begin = a->start[i] > b->start[i] ? a->start[i] : b->start[i];
		uint64_t end_a = a->start[i] + a->length[i], end_b = b->start[i] + b->length[i];
		if (begin >= (end_a < end_b ? end_a : end_b))
			return false;
	}
	return true;
}

struct start {
	uint64_t at;
	const struct ck_part *part;
};

static int compare_starts(const void *a, const void *b)
{
	const struct start *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

/* The axis on which the parts begin at the most different places: sorted along it, few are alive at once. */
static size_t pick_axis(const struct ck_entry *entry, struct start *starts)
{
	size_t best = 0, most = 0;
	for (size_t axis = 0; axis < entry->shape.rank; axis++) {
		size_t n_different = 1;
		for (size_t i = 0; i < entry->n_slices; i++)
			starts[i].at = entry->slices[i].start[axis];
		qsort(starts, entry->n_slices, sizeof(*starts), compare_starts);
		for (size_t i = 1; i < entry->n_slices; i++)
			n_different += starts[i].at != starts[i - 1].at;
		if (n_different > most) {
			most = n_different;
			best = axis;
		}
	}
	return best;
}

/**
 * Parts that lie inside the whole, do not overlap and have as many elements as it tile it.
 * @cost     n_slices times the parts that reach over one place of the best axis
 */
static enum ck_code check_tiling(struct ck_entry_reader *reader, struct ck_str key, const struct ck_entry *entry)
{
	size_t rank = entry->shape.rank, n = entry->n_slices;
	uint64_t n_whole, n_sum = 0;
	struct start *starts = ck_alloc(n * sizeof(*starts));
	if (!starts)
		return ck_error_nomem(reader->diags);
	size_t axis = pick_axis(entry, starts);
	for (size_t i = 0; i < n; i++)
		starts[i] = (struct start){rank ? entry->slices[i].start[axis] : 0, &entry->slices[i]};
	qsort(starts, n, sizeof(*starts), compare_starts);
	enum ck_code code = CK_OK;
	for (size_t i = 0; i < n && !code; i++) {
		const struct ck_part *part = starts[i].part;
		uint64_t end = rank ? part->start[axis] + part->length[axis] : 1;
		for (size_t j = i + 1; j < n && starts[j].at < end && !code; j++) {
			if (share_elements(part, starts[j].part, rank))
				code = ck_entry_error(reader, key, "lists slices that overlap: %.*s and %.*s",
						      CK_STR_ARG(box_text(reader->diags->arena, part, rank)),
						      CK_STR_ARG(box_text(reader->diags->arena, starts[j].part, rank)));
		}
	}
	ck_free(starts);
	for (size_t i = 0; i < n; i++) {
		uint64_t n_part;
		if (ck_shape_elems((struct ck_shape){rank, entry->slices[i].length}, &n_part) && !ck_add(n_sum, n_part, &n_sum))
			n_sum = UINT64_MAX;
	}
	if (!code && (!ck_shape_elems(entry->shape, &n_whole) || n_sum != n_whole))
		return ck_entry_error(reader, key, "lists slices with %" PRIu64 " elements of %" PRIu64 ": some are in no slice", n_sum,
				      n_whole);
	return code;
}

static enum ck_code check_part(struct ck_entry_reader *reader, struct ck_str key, const struct ck_entry *entry, size_t i,
			       const struct ck_entry *part)
{
	struct ck_arena *arena = reader->diags->arena;
	struct ck_str box = box_text(arena, &entry->slices[i], entry->shape.rank);
	if (part->n_slices)
		return ck_entry_error(reader, key, "has the slice %.*s, which is cut into slices itself", CK_STR_ARG(box));
	if (part->dtype != entry->dtype)
		return ck_entry_error(reader, key, "is %s, but its slice %.*s is %s", ck_dtype_name(entry->dtype), CK_STR_ARG(box),
				      ck_dtype_name(part->dtype));
	if (!ck_shape_equal(part->shape, (struct ck_shape){entry->shape.rank, entry->slices[i].length}))
		return ck_entry_error(reader, key, "has the slice %.*s, whose own entry has another shape", CK_STR_ARG(box));
	return CK_OK;
}

enum ck_code ck_entry_find_parts(struct ck_entry_reader *reader, struct ck_str key, struct ck_entry *entry,
				 const struct ck_pair *pairs, size_t n_pairs, bool *is_used)
{
	struct ck_buf part_key = {0};
	enum ck_code code = check_tiling(reader, key, entry);
	entry->place = (struct ck_place){0};
	for (size_t i = 0; i < entry->n_slices && !code; i++) {
		struct ck_entry part = {0};
		part_key.n = 0;
		ck_part_key(&part_key, key, entry->shape.rank, &entry->slices[i], entry->is_full + i * entry->shape.rank);
		size_t at = part_key.failed ? n_pairs : find_pair(pairs, n_pairs, ck_buf_view(&part_key));
		if (part_key.failed) {
			code = ck_error_nomem(reader->diags);
		} else if (at == n_pairs) {
			code = ck_entry_error(reader, key, "lists the slice %.*s, which has no entry of its own",
					      CK_STR_ARG(box_text(reader->diags->arena, &entry->slices[i], entry->shape.rank)));
		} else if (is_used[at]) {
			code = ck_entry_error(reader, key, "lists the slice %.*s twice",
					      CK_STR_ARG(box_text(reader->diags->arena, &entry->slices[i], entry->shape.rank)));
		} else {
			code = ck_entry_decode(reader, pairs[at], &part);
			if (!code)
				code = check_part(reader, key, entry, i, &part);
		}
		if (code)
			break;
		is_used[at] = true;
		entry->slices[i].place = part.place;
		if (!ck_add(entry->place.n_bytes, part.place.n_bytes, &entry->place.n_bytes))
			code = ck_entry_error(reader, key, "has slices that no disk can hold");
	}
	ck_buf_clear(&part_key);
	return code;
}

static int compare_extents(const void *a, const void *b)
{
	const struct ck_place *x = &((const struct ck_extent *)a)->place, *y = &((const struct ck_extent *)b)->place;
	if (x->shard != y->shard)
		return x->shard < y->shard ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes);
}

enum ck_code ck_extents_check(struct ck_entry_reader *reader, struct ck_extent *extents, size_t n)
{
	/* Most indexes are written in this order; what is sorted already need not be sorted. */
	bool sorted = true;
	for (size_t i = 1; i < n && sorted; i++)
		sorted = compare_extents(&extents[i - 1], &extents[i]) <= 0;
	if (!sorted)
		qsort(extents, n, sizeof(*extents), compare_extents);
	for (size_t i = 1; i < n; i++) {
		const struct ck_place *a = &extents[i - 1].place, *b = &extents[i].place;
		if (a->shard != b->shard || b->offset >= a->offset + a->n_bytes || compare_extents(&extents[i - 1], &extents[i]) == 0)
			continue;
		return ck_entry_error(reader, extents[i].key, "takes bytes %" PRIu64 " to %" PRIu64 " of shard %" PRIu32
				      ", and \"%.*s\" some of them", b->offset, b->offset + b->n_bytes, b->shard,
				      CK_STR_ARG(ck_name_text(reader->diags->arena, extents[i - 1].key)));
	}
	return CK_OK;
}
