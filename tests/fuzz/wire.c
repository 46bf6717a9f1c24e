#include "wire.h"

#include <string.h>

enum { WIRE_MAX_DEPTH = 30 };

enum wire_change { WIRE_DELETE, WIRE_TWICE, WIRE_INSERT, WIRE_REPLACE, WIRE_VALUE, WIRE_TEXT, WIRE_N_CHANGES };

struct wire_mutator {
	uint64_t random;
	size_t at;		/* the field to be changed; counts down */
	enum wire_change change;
	struct wire_field other;	/* a field of another place */
	size_t (*mutate)(uint8_t *data, size_t n, size_t max);	/* of any bytes */
	size_t max;
};

bool wire_take(struct ck_str *in, struct wire_field *ret_field)
{
	struct ck_str left = *in, before;
	uint64_t tag, n = 0;

	if (!ck_varint_take(&left, &tag) || tag >> 3 == 0)
		return false;
	ret_field->number = tag >> 3;
	ret_field->type = (enum wire_type)(tag & 7);
	before = left;
	switch (tag & 7) {
	case WIRE_VARINT:
		if (!ck_varint_take(&left, &ret_field->value))
			return false;
		n = before.n - left.n;
		left = before;
		break;
	case WIRE_64:
		n = 8;
		break;
	case WIRE_32:
		n = 4;
		break;
	case WIRE_BYTES:
		if (!ck_varint_take(&left, &n))
			return false;
		break;
	default:
		return false;
	}
	if (n > left.n)
		return false;
	ret_field->bytes = ck_str_slice(left, 0, (size_t)n);
	*in = ck_str_slice(left, (size_t)n, left.n);
	return true;
}

void wire_put(struct ck_buf *out, const struct wire_field *field)
{
	ck_varint_put(out, field->number << 3 | (uint64_t)field->type);
	if (field->type == WIRE_VARINT)
		ck_varint_put(out, field->value);
	if (field->type == WIRE_BYTES)
		ck_varint_put(out, field->bytes.n);
	if (field->type != WIRE_VARINT)
		ck_buf_str(out, field->bytes);
}

/* Bytes may be a message, a text, or both: a message when fields fill them. */
static bool wire_is_message(struct ck_str bytes)
{
	struct wire_field field;
	bool any = false;

	while (bytes.n && wire_take(&bytes, &field))
		any = true;
	return any && !bytes.n;
}

/* Fields of a message and of the messages in it, in the order of their bytes; all of them, or the first with this number. */
static size_t wire_count(struct ck_str message, unsigned depth)
{
	struct wire_field field;
	size_t n = 0;

	while (message.n && wire_take(&message, &field)) {
		n++;
		if (field.type == WIRE_BYTES && depth < WIRE_MAX_DEPTH && wire_is_message(field.bytes))
			n += wire_count(field.bytes, depth + 1);
	}
	return n;
}

/* Field number *at of them; false when there are fewer, and *at is less by how many there were. */
static bool wire_find(struct ck_str message, size_t *at, unsigned depth, struct wire_field *ret_field)
{
	while (message.n && wire_take(&message, ret_field)) {
		struct ck_str inner = ret_field->bytes;

		if (!(*at)--)
			return true;
		if (ret_field->type == WIRE_BYTES && depth < WIRE_MAX_DEPTH && wire_is_message(inner) &&
		    wire_find(inner, at, depth + 1, ret_field))
			return true;
	}
	return false;
}

static uint64_t wire_random(struct wire_mutator *mutator, uint64_t n)
{
	mutator->random ^= mutator->random << 13;
	mutator->random ^= mutator->random >> 7;
	mutator->random ^= mutator->random << 17;
	return mutator->random % n;
}

static uint64_t wire_number(struct wire_mutator *mutator, uint64_t old)
{
	static const uint64_t edges[] = { 0, 1, 2, 3, 16, 127, 128, 255, 256, 65535, INT32_MAX, (uint64_t)1 << 31, UINT32_MAX, (uint64_t)1 << 32,
					  INT64_MAX, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 1, 0xffffffff80000000 };

	switch (wire_random(mutator, 4)) {
	case 0:
		return edges[wire_random(mutator, CK_COUNT(edges))];
	case 1:
		return old + wire_random(mutator, 9) - 4;
	case 2:
		return old ^ (uint64_t)1 << wire_random(mutator, 64);
	default:
		return wire_random(mutator, 64);
	}
}

static void wire_put_text(struct wire_mutator *mutator, struct wire_field *field, struct ck_buf *out)
{
	size_t room = field->bytes.n + 64 < mutator->max ? field->bytes.n + 64 : mutator->max;
	uint8_t *text = ck_alloc(room + 1);

	if (text && field->bytes.n <= room) {
		if (field->bytes.n)
			memcpy(text, field->bytes.p, field->bytes.n);
		field->bytes.n = mutator->mutate(text, field->bytes.n, room);
		field->bytes.p = (const char *)text;
	}
	wire_put(out, field);
	ck_free(text);
}

/* Appends the field as it is after the change. */
static void wire_put_changed(struct wire_mutator *mutator, struct wire_field *field, struct ck_buf *out)
{
	switch (mutator->change) {
	case WIRE_DELETE:
		return;
	case WIRE_TWICE:
		wire_put(out, field);
		wire_put(out, field);
		return;
	case WIRE_INSERT:
		wire_put(out, field);
		wire_put(out, &mutator->other);
		return;
	case WIRE_REPLACE:
		if (mutator->other.type == field->type)
			mutator->other.number = field->number;
		wire_put(out, &mutator->other);
		return;
	case WIRE_VALUE:
	case WIRE_TEXT:
	case WIRE_N_CHANGES:
		break;
	}
	if (field->type == WIRE_BYTES) {
		wire_put_text(mutator, field, out);
		return;
	}
	if (field->type == WIRE_VARINT)
		field->value = wire_number(mutator, field->value);
	else
		field->number = 1 + wire_random(mutator, 20);
	wire_put(out, field);
}

static void wire_put_message(struct wire_mutator *mutator, struct ck_str message, unsigned depth, struct ck_buf *out)
{
	struct wire_field field;

	while (message.n && wire_take(&message, &field)) {
		struct ck_buf inner = { 0 };

		if (!mutator->at--) {
			wire_put_changed(mutator, &field, out);
			mutator->at = SIZE_MAX;
		} else if (field.type == WIRE_BYTES && depth < WIRE_MAX_DEPTH && wire_is_message(field.bytes)) {
			wire_put_message(mutator, field.bytes, depth + 1, &inner);
			field.bytes = ck_buf_view(&inner);
			wire_put(out, &field);
		} else {
			wire_put(out, &field);
		}
		ck_buf_clear(&inner);
	}
	ck_buf_str(out, message);
}

size_t wire_mutate(uint8_t *data, size_t n, size_t max, unsigned seed, size_t (*mutate)(uint8_t *data, size_t n, size_t max))
{
	struct wire_mutator mutator = { .random = (uint64_t)seed * 0x9e3779b97f4a7c15 + 1, .mutate = mutate, .max = max };
	struct ck_str message = { (const char *)data, n };
	size_t n_fields = wire_count(message, 0), other;
	struct ck_buf out = { 0 };

	if (n_fields == 0 || wire_random(&mutator, 8) == 0)
		return mutate(data, n, max);
	other = (size_t)wire_random(&mutator, n_fields);
	(void)wire_find(message, &other, 0, &mutator.other);
	mutator.change = (enum wire_change)wire_random(&mutator, WIRE_N_CHANGES);
	mutator.at = (size_t)wire_random(&mutator, n_fields);
	wire_put_message(&mutator, message, 0, &out);
	if (!out.failed && out.n <= max) {
		n = out.n;
		if (n)
			memcpy(data, out.p, n);
	}
	ck_buf_clear(&out);
	return n;
}
