/* Strings as (pointer, length), which may hold any byte, and a growing byte buffer. */
#ifndef CK_BASE_STR_H
#define CK_BASE_STR_H

#include <stdarg.h>

#include "bundle/base/arena.h"

/* A borrowed string; need not end in NUL. */
struct ck_str {
	const char *p;
	size_t n;
};

#define CK_STR(literal) ((struct ck_str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". Names from files are printed through ck_buf_name() instead, which escapes. */
#define CK_STR_ARG(s) (int)(s).n, (s).p

struct ck_str ck_str(const char *text);			/* of a NUL-terminated string; NULL gives an empty one */
bool ck_str_equal(struct ck_str a, struct ck_str b);
int ck_str_compare(struct ck_str a, struct ck_str b);	/* byte order, like memcmp; a prefix comes first */
bool ck_str_starts(struct ck_str s, struct ck_str prefix);
bool ck_str_ends(struct ck_str s, struct ck_str suffix);
struct ck_str ck_str_slice(struct ck_str s, size_t begin, size_t end);	/* clamps */
/* Position of the last or first c, or s.n when there is none. */
size_t ck_str_find(struct ck_str s, char c);
size_t ck_str_rfind(struct ck_str s, char c);
uint64_t ck_str_hash(struct ck_str s);	/* differs from process to process */
/* A copy in the arena, with a NUL after it; p is NULL when memory is short. */
struct ck_str ck_str_copy(struct ck_arena *arena, struct ck_str s);
/* printf into the arena. */
CK_PRINTF(2, 3) struct ck_str ck_str_format(struct ck_arena *arena, const char *format, ...);
struct ck_str ck_str_vformat(struct ck_arena *arena, const char *format, va_list args);

/**
 * A growing byte buffer on the heap. Zero-initialise it; ck_buf_clear() frees. Append functions never fail at once: when memory
 * is short `failed` is set, later appends do nothing, and the caller checks it once.
 */
struct ck_buf {
	char *p;
	size_t n, capacity;
	bool failed;
	struct ck_drain *drain;		/* NULL: all of it is wanted in memory */
};

/* Where the bytes of a long text go while it is being made. */
struct ck_drain {
	bool (*take)(struct ck_drain *drain, struct ck_str bytes);	/* false, with errno set, when it cannot */
	int fd;
	uint64_t n_taken;
	int error;			/* why take() failed; 0: it did not */
};

void ck_buf_clear(struct ck_buf *buf);
/* Room for n more bytes: where they go, and n is the caller's to add to buf->n. NULL, with failed set, when memory is short. */
char *ck_buf_room(struct ck_buf *buf, size_t n);
void ck_buf_bytes(struct ck_buf *buf, const void *bytes, size_t n);
void ck_buf_str(struct ck_buf *buf, struct ck_str s);
/* Reports are written a character at a time: where there is room it takes no call. */
static inline void ck_buf_char(struct ck_buf *buf, char c)
{
	if (buf->n < buf->capacity && !buf->failed)
		buf->p[buf->n++] = c;
	else
		ck_buf_bytes(buf, &c, 1);
}
void ck_buf_number(struct ck_buf *buf, uint64_t number);	/* in decimal digits */
void ck_buf_fill(struct ck_buf *buf, char c, size_t n);	/* n times c */
CK_PRINTF(2, 3) void ck_buf_printf(struct ck_buf *buf, const char *format, ...);
void ck_buf_vprintf(struct ck_buf *buf, const char *format, va_list args);
/* A name for people: control characters, quotes and bytes that are not UTF-8 as \n, \t, \", \u{..}, \x{..}. */
void ck_buf_name(struct ck_buf *buf, struct ck_str name);
/* A text for people that may quote what it is about: as above, but quotes, backslashes and line breaks stay. */
void ck_buf_visible(struct ck_buf *buf, struct ck_str text);
/* Number of terminal columns (code points; East Asian wide ones count 2) of UTF-8 text. */
size_t ck_str_columns(struct ck_str s);
/* Bytes of the UTF-8 character that begins at s.p[at] (at < s.n) and its code point; 0 when it is none (as RFC 3629 has it). */
size_t ck_utf8_next(struct ck_str s, size_t at, uint32_t *ret_point);
/* Whether all of it is UTF-8. */
bool ck_utf8_is(struct ck_str s);
/* Terminal columns of a code point: 0 for combining marks, 2 for wide ones, else 1. */
size_t ck_utf8_columns(uint32_t point);
/* True for control characters and the invisible ones that reorder or hide text. */
bool ck_utf8_is_control(uint32_t point);
struct ck_str ck_buf_view(const struct ck_buf *buf);
/* Where nothing that stands in it is looked at again: gives what it holds to its drain, if it has one and that is worth a call. */
void ck_buf_relieve(struct ck_buf *buf);
/* All of it; false when appending or draining has failed. */
CK_NODISCARD bool ck_buf_drain(struct ck_buf *buf);
/* Escaped copy in the arena, for diagnostics. */
struct ck_str ck_name_text(struct ck_arena *arena, struct ck_str name);
/* The other way: the name that is printed as text. What is no escape stands for itself. p is NULL when memory is short. */
struct ck_str ck_name_read(struct ck_arena *arena, struct ck_str text);

/* A hash map from strings to size_t, in an arena. Keys are borrowed. Holds at most 2^32 - 1 of them. */
struct ck_map {
	struct ck_arena *arena;
	struct ck_map_slot *slots;
	struct ck_map_item *items;
	size_t n_slots, n_items, capacity;
};

void ck_map_init(struct ck_map *map, struct ck_arena *arena);
/* Room for n_items in all, so that a map whose size is known does not grow, which leaves the smaller ones in the arena. */
CK_NODISCARD bool ck_map_reserve(struct ck_map *map, size_t n_items);
/* Returns false when memory is short. An existing key gets the new value. */
CK_NODISCARD bool ck_map_put(struct ck_map *map, struct ck_str key, size_t value);
/* True and *ret_value when the key is there. */
bool ck_map_get(const struct ck_map *map, struct ck_str key, size_t *ret_value);

#endif
