/*
 * The wire format of protocol buffers, read and changed without knowing the messages. Inputs of several parts are messages too
 * (case.h), so that one mutator knows how to change all of them and leaves lengths true.
 */
#ifndef CK_TESTS_FUZZ_WIRE_H
#define CK_TESTS_FUZZ_WIRE_H

#include "bundle/base/arena.h"
#include "bundle/varint.h"

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct wire_field {
	uint64_t number;
	enum wire_type type;
	uint64_t value;		/* WIRE_VARINT */
	struct ck_str bytes;	/* what follows the tag; of WIRE_BYTES without its length */
};

/* Takes a field off the front; false (and *in untouched) where there is none. */
bool wire_take(struct ck_str *in, struct wire_field *ret_field);

/* Appends. */
void wire_put(struct ck_buf *out, const struct wire_field *field);

/* Changes one field, wherever it is, and keeps the lengths around it true. Returns the new size, at most max. */
size_t wire_mutate(uint8_t *data, size_t n, size_t max, unsigned seed, size_t (*mutate)(uint8_t *data, size_t n, size_t max));

#endif
