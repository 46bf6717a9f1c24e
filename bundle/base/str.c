#include "bundle/base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/*
 * Words that nobody who writes a file knows: else names could be chosen that all fall into one slot of a map. Another process hashes
 * otherwise, so no order may depend on hashes; nothing walks over the slots of a map.
 */
static uint64_t hash_key[2] = {0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u};

__attribute__((constructor)) static void draw_hash_key(void)
{
	(void)!getentropy(hash_key, sizeof(hash_key));	/* where there is none, names are hashed well all the same */
}

/* Both halves of the product, so that each bit of both words counts. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Sixteen bytes a step: names are long, and hashed often. */
uint64_t ck_str_hash(struct ck_str s)
{
	uint64_t hash = hash_key[0] ^ s.n, words[2];
	size_t i = 0;
	for (; i + sizeof(words) < s.n; i += sizeof(words)) {
		memcpy(words, s.p + i, sizeof(words));
		hash = fold(words[0] ^ hash, words[1] ^ hash_key[1]);
	}
	memset(words, 0, sizeof(words));
	if (i < s.n)
		memcpy(words, s.p + i, s.n - i);
	hash = fold(words[0] ^ hash, words[1] ^ hash_key[1]);
	return fold(hash ^ hash_key[1], 0x94d049bb133111ebu);
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
