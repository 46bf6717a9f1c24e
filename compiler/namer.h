/* What the readers of patterns and templates share: a place in a string, messages that underline it, classes. */
#ifndef CK_COMPILER_NAMER_H
#define CK_COMPILER_NAMER_H

#include "compiler/names.h"
#include "vm/name.h"

/* One string being read. */
struct ck_namer {
	struct ck_arena *arena;
	struct ck_diags *diags;
	const struct ck_ast_string *string;
	struct ck_str text;	/* decoded */
	size_t at;
	enum ck_code bad;	/* code of what cannot be read: CK_BAD_PATTERN or CK_BAD_TEMPLATE */
	enum ck_code failed;	/* of the first message; CK_OK so far */
};

void ck_namer_init(struct ck_namer *namer, struct ck_arena *arena, struct ck_diags *diags, const struct ck_ast_string *string,
		   enum ck_code bad);
/* An error at a part of the text. */
CK_PRINTF(5, 6) struct ck_diag *ck_namer_error(struct ck_namer *namer, enum ck_code code, size_t begin, size_t end, const char *format,
					       ...);
/* Sets failed to CK_NOMEM; returns false. */
bool ck_namer_nomem(struct ck_namer *namer);
/* Bytes of the identifier at a place, 0: none. `_` alone is none. */
size_t ck_namer_ident(const struct ck_namer *namer, size_t at);
bool ck_namer_is(const struct ck_namer *namer, size_t at, char c);

/* A class that was read: one character (literal, and ranges NULL), or ranges. */
struct ck_class {
	struct ck_str literal;
	bool negated;
	Ck__Plan__Range **ranges;
	size_t n_ranges;
	struct ck_str form;	/* as written, with the brackets */
};

/* Reads the class at namer->at, which is a `[`, and moves behind it. False after a message. */
CK_NODISCARD bool ck_namer_class(struct ck_namer *namer, struct ck_class *ret_class);
/* Reads a run of `*` and moves behind it: CK_LOCAL_STAR or CK_LOCAL_STARSTAR, 0 after a message. */
CK_NODISCARD enum ck_local_kind ck_namer_stars(struct ck_namer *namer);
/* Checks the `@` at namer->at, which ends the name; moves behind it. False after a message. */
CK_NODISCARD bool ck_namer_slot(struct ck_namer *namer, bool has_slot);
/* Copy of what a buffer holds as a message's bytes; clears the buffer. False when memory is short. */
CK_NODISCARD bool ck_namer_bytes(struct ck_namer *namer, struct ck_buf *buf, ProtobufCBinaryData *ret_bytes);

/* "number", "alternation", "text": what a local holds, for messages. */
const char *ck_local_kind_text(enum ck_local_kind kind);

#endif
