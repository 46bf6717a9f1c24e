#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bundle/base/str.h"

enum { WORTH_A_CALL = 48 << 10 };

void ck_buf_clear(struct ck_buf *buf)
{
	ck_free(buf->p);
	*buf = (struct ck_buf){0};
}

/* Makes room for n more bytes, or sets failed. */
static bool reserve(struct ck_buf *buf, size_t n)
{
	if (buf->failed)
		return false;
	if (n <= buf->capacity - buf->n)
		return true;
	size_t wanted = buf->n + n;
	size_t doubled = buf->capacity > SIZE_MAX / 2 ? SIZE_MAX : buf->capacity * 2;
	size_t capacity = wanted < 64 ? 64 : wanted < doubled ? doubled : wanted;
	char *grown = wanted < n ? NULL : ck_realloc(buf->p, capacity);
	if (!grown) {
		buf->failed = true;
		return false;
	}
	buf->p = grown;
	buf->capacity = capacity;
	return true;
}

char *ck_buf_room(struct ck_buf *buf, size_t n)
{
	return reserve(buf, n) ? buf->p + buf->n : NULL;
}

void ck_buf_bytes(struct ck_buf *buf, const void *bytes, size_t n)
{
	if (n && reserve(buf, n)) {
		memcpy(buf->p + buf->n, bytes, n);
		buf->n += n;
	}
}

void ck_buf_str(struct ck_buf *buf, struct ck_str s)
{
	ck_buf_bytes(buf, s.p, s.n);
}

void ck_buf_number(struct ck_buf *buf, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	ck_buf_bytes(buf, digits + at, sizeof(digits) - at);
}

void ck_buf_fill(struct ck_buf *buf, char c, size_t n)
{
	if (n && reserve(buf, n)) {
		memset(buf->p + buf->n, c, n);
		buf->n += n;
	}
}

void ck_buf_vprintf(struct ck_buf *buf, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	if (n < 0) {
		buf->failed = true;
	} else if (reserve(buf, (size_t)n + 1)) {
		vsnprintf(buf->p + buf->n, (size_t)n + 1, format, again);
		buf->n += (size_t)n;
	}
	va_end(again);
}

void ck_buf_printf(struct ck_buf *buf, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	ck_buf_vprintf(buf, format, args);
	va_end(args);
}

struct ck_str ck_buf_view(const struct ck_buf *buf)
{
	return (struct ck_str){buf->p ? buf->p : "", buf->n};
}

bool ck_buf_drain(struct ck_buf *buf)
{
	if (buf->failed || !buf->drain || !buf->n)
		return !buf->failed;
	if (!buf->drain->take(buf->drain, ck_buf_view(buf))) {
		buf->drain->error = errno;
		buf->failed = true;
	}
	buf->drain->n_taken += buf->n;
	buf->n = 0;
	return !buf->failed;
}

void ck_buf_relieve(struct ck_buf *buf)
{
	if (buf->n >= WORTH_A_CALL)
		(void)!ck_buf_drain(buf);
}

/* The escapes are those of the language's strings, so that a printed name can be pasted between quotes. */
static void put_escaped(struct ck_buf *buf, struct ck_str text, bool is_name)
{
	size_t n;
	for (size_t at = 0; at < text.n; at += n) {
		uint32_t point = 0;
		n = ck_utf8_next(text, at, &point);
		if (n == 0) {
			n = 1;
			ck_buf_printf(buf, "\\x{%02x}", (unsigned)(unsigned char)text.p[at]);
		} else if (is_name && (point == '"' || point == '\\')) {
			ck_buf_char(buf, '\\');
			ck_buf_char(buf, (char)point);
		} else if (is_name && point == '\n') {
			ck_buf_bytes(buf, "\\n", 2);
		} else if (point == '\t') {
			ck_buf_bytes(buf, "\\t", 2);
		} else if (ck_utf8_is_control(point) && point != '\n') {
			ck_buf_printf(buf, "\\u{%x}", (unsigned)point);
		} else {
			ck_buf_bytes(buf, text.p + at, n);
		}
	}
}

void ck_buf_name(struct ck_buf *buf, struct ck_str name)
{
	put_escaped(buf, name, true);
}

void ck_buf_visible(struct ck_buf *buf, struct ck_str text)
{
	put_escaped(buf, text, false);
}

struct ck_str ck_name_text(struct ck_arena *arena, struct ck_str name)
{
	struct ck_buf buf = {0};
	ck_buf_name(&buf, name);
	struct ck_str text = buf.failed ? (struct ck_str){NULL, 0} : ck_str_copy(arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text;
}

static void put_point(struct ck_buf *buf, uint32_t point)
{
	unsigned n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
	ck_buf_char(buf, (char)(marks[n] | point >> 6 * (n - 1)));
	while (--n)
		ck_buf_char(buf, (char)(0x80 | (point >> 6 * (n - 1) & 0x3f)));
}

/* The digits of "{1f}" at text.p[at]; returns how many bytes that is, 0 when it is no such thing. */
static size_t read_braces(struct ck_str text, size_t at, size_t least, size_t most, uint32_t *ret_number)
{
	size_t i = at + 1;
	if (at >= text.n || text.p[at] != '{')
		return 0;
	*ret_number = 0;
	for (; i < text.n && i - at <= most; i++) {
		char c = text.p[i], low = (char)(c | 0x20);
		if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
			break;
		*ret_number = *ret_number * 16 + (uint32_t)(c <= '9' ? c - '0' : low - 'a' + 10);
	}
	return i - at > least && i < text.n && text.p[i] == '}' ? i + 1 - at : 0;
}

/* One escape at text.p[at], a backslash; returns its bytes, 0 when it is none. */
static size_t read_escape(struct ck_buf *buf, struct ck_str text, size_t at)
{
	uint32_t number;
	size_t n;
	char c = at + 1 < text.n ? text.p[at + 1] : '\0';
	if (c == '"' || c == '\\' || c == 'n' || c == 't') {
		ck_buf_char(buf, c == 'n' ? '\n' : c == 't' ? '\t' : c);
		return 2;
	}
	n = c == 'u' ? read_braces(text, at + 2, 1, 6, &number) : c == 'x' ? read_braces(text, at + 2, 2, 2, &number) : 0;
	if (n == 0 || number > 0x10ffff || (c == 'u' && number >= 0xd800 && number < 0xe000))
		return 0;
	if (c == 'u')
		put_point(buf, number);
	else
		ck_buf_char(buf, (char)number);
	return n + 2;
}

struct ck_str ck_name_read(struct ck_arena *arena, struct ck_str text)
{
	struct ck_buf buf = {0};
	for (size_t at = 0; at < text.n;) {
		size_t n = text.p[at] == '\\' ? read_escape(&buf, text, at) : 0;
		if (n == 0)
			ck_buf_char(&buf, text.p[at]);
		at += n ? n : 1;
	}
	struct ck_str name = buf.failed ? (struct ck_str){NULL, 0} : ck_str_copy(arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return name;
}
