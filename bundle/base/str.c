#include "bundle/base/str.h"

#include <stdio.h>
#include <string.h>

struct ck_str ck_str(const char *text)
{
	return text ? (struct ck_str){text, strlen(text)} : CK_STR("");
}

bool ck_str_equal(struct ck_str a, struct ck_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int ck_str_compare(struct ck_str a, struct ck_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool ck_str_starts(struct ck_str s, struct ck_str prefix)
{
	return s.n >= prefix.n && ck_str_equal(ck_str_slice(s, 0, prefix.n), prefix);
}

bool ck_str_ends(struct ck_str s, struct ck_str suffix)
{
	return s.n >= suffix.n && ck_str_equal(ck_str_slice(s, s.n - suffix.n, s.n), suffix);
}

struct ck_str ck_str_slice(struct ck_str s, size_t begin, size_t end)
{
	if (end > s.n)
		end = s.n;
	if (begin > end)
		begin = end;
	return (struct ck_str){s.p ? s.p + begin : "", end - begin};
}

size_t ck_str_find(struct ck_str s, char c)
{
	const char *found = s.n ? memchr(s.p, c, s.n) : NULL;
	return found ? (size_t)(found - s.p) : s.n;
}

size_t ck_str_rfind(struct ck_str s, char c)
{
	for (size_t i = s.n; i > 0; i--) {
		if (s.p[i - 1] == c)
			return i - 1;
	}
	return s.n;
}

/* FNV-1a, and a last mix (of SplitMix64) so that the low bits, which pick a slot, depend on every byte. */
uint64_t ck_str_hash(struct ck_str s)
{
	uint64_t hash = 0xcbf29ce484222325u ^ s.n, word = 0;
	size_t i = 0;
	/* Eight bytes a step: names are long, and hashed often. */
	for (; i + sizeof(word) <= s.n; i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	word = 0;
	if (i < s.n)
		memcpy(&word, s.p + i, s.n - i);
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
	return hash ^ (hash >> 31);
}

struct ck_str ck_str_copy(struct ck_arena *arena, struct ck_str s)
{
	char *copy = s.n < SIZE_MAX ? ck_arena_alloc(arena, s.n + 1) : NULL;
	if (!copy)
		return (struct ck_str){NULL, 0};
	if (s.n)
		memcpy(copy, s.p, s.n);
	return (struct ck_str){copy, s.n};
}

struct ck_str ck_str_vformat(struct ck_arena *arena, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	char *text = n < 0 ? NULL : ck_arena_alloc(arena, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return (struct ck_str){text, text ? (size_t)n : 0};
}

struct ck_str ck_str_format(struct ck_arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	struct ck_str text = ck_str_vformat(arena, format, args);
	va_end(args);
	return text;
}
