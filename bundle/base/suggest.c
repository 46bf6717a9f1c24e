#include <string.h>

#include "bundle/base/diag.h"

enum {
	FAR = 1 << 20,
	MAX_COMPARED = 128,	/* bytes of a segment that differ; beyond that nobody has mistyped it */
	MAX_WORD = 4096,
	MISSING_SEGMENT = 2,	/* what a whole segment too many or too few counts */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_letter(struct ck_str a, size_t i, struct ck_str b, size_t j)
{
	return lower(a.p[i]) == lower(b.p[j]);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t threshold(size_t length)
{
	return length / 3 > 1 ? length / 3 : 1;
}

/**
 * Edits (insert, delete, replace, swap two neighbours) from a to b; a change of case alone counts as one.
 * @cost     a.n * b.n after the common ends are taken off
 * @source   Damerau-Levenshtein in its restricted form ("optimal string alignment")
 */
static size_t edits(struct ck_str a, struct ck_str b)
{
	if (ck_str_equal(a, b))
		return 0;
	while (a.n && b.n && same_letter(a, a.n - 1, b, b.n - 1))
		a.n--, b.n--;
	while (a.n && b.n && same_letter(a, 0, b, 0))
		a.p++, a.n--, b.p++, b.n--;
	if (a.n > MAX_COMPARED || b.n > MAX_COMPARED)
		return FAR;
	size_t rows[3][MAX_COMPARED + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= b.n; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t replaced = above[j - 1] + !same_letter(a, i - 1, b, j - 1);
			row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same_letter(a, i - 1, b, j - 2) && same_letter(a, i - 2, b, j - 1))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[b.n] ? above[b.n] : 1;
}

static size_t count_segments(struct ck_str s)
{
	size_t n = s.n > 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '/';
	return n;
}

static struct ck_str take_first(struct ck_str *rest)
{
	size_t slash = ck_str_find(*rest, '/');
	struct ck_str segment = ck_str_slice(*rest, 0, slash);
	*rest = ck_str_slice(*rest, slash + 1, rest->n);
	return segment;
}

static struct ck_str without_last(struct ck_str s, struct ck_str *ret_last)
{
	size_t slash = ck_str_rfind(s, '/');
	*ret_last = slash == s.n ? s : ck_str_slice(s, slash + 1, s.n);
	return slash == s.n ? ck_str_slice(s, 0, 0) : ck_str_slice(s, 0, slash);
}

/* As many segments on both sides: each may hold its own few mistakes. */
static size_t compare_segments(struct ck_str a, struct ck_str b)
{
	size_t sum = 0;
	while (a.n || b.n) {
		struct ck_str x = take_first(&a), y = take_first(&b);
		size_t n = edits(x, y);
		if (n > threshold(x.n > y.n ? x.n : y.n))
			return FAR;
		sum += n;
	}
	return sum;
}

/* A different number of segments: near when one side only lacks some in a row. */
static size_t compare_lacking(struct ck_str a, struct ck_str b)
{
	while (a.n && b.n) {
		struct ck_str rest_a = a, rest_b = b;
		if (!ck_str_equal(take_first(&rest_a), take_first(&rest_b)))
			break;
		a = rest_a;
		b = rest_b;
	}
	while (a.n && b.n) {
		struct ck_str last_a, last_b;
		struct ck_str rest_a = without_last(a, &last_a), rest_b = without_last(b, &last_b);
		if (!ck_str_equal(last_a, last_b))
			return FAR;
		a = rest_a;
		b = rest_b;
	}
	return MISSING_SEGMENT * (count_segments(a) + count_segments(b));
}

void ck_suggest_init(struct ck_suggest *suggest, struct ck_str word)
{
	*suggest = (struct ck_suggest){.word = word};
}

void ck_suggest_offer(struct ck_suggest *suggest, struct ck_str candidate)
{
	struct ck_str word = suggest->word;
	if (word.n == 0 || candidate.n == 0 || word.n > MAX_WORD || candidate.n > MAX_WORD || ck_str_equal(word, candidate))
		return;
	bool same_depth = count_segments(word) == count_segments(candidate);
	size_t distance = same_depth ? compare_segments(word, candidate) : compare_lacking(word, candidate);
	if (distance > threshold(word.n))
		return;
	/* Equally near ones in byte order, so that the order of the offers does not show. */
	size_t at = 0;
	for (; at < suggest->n_best; at++) {
		int order = ck_str_compare(candidate, suggest->best[at]);
		if (order == 0)
			return;
		if (distance < suggest->distance[at] || (distance == suggest->distance[at] && order < 0))
			break;
	}
	if (at == CK_MAX_SUGGESTIONS)
		return;
	if (suggest->n_best < CK_MAX_SUGGESTIONS)
		suggest->n_best++;
	for (size_t i = suggest->n_best - 1; i > at; i--) {
		suggest->best[i] = suggest->best[i - 1];
		suggest->distance[i] = suggest->distance[i - 1];
	}
	suggest->best[at] = candidate;
	suggest->distance[at] = distance;
}

void ck_suggest_help(const struct ck_suggest *suggest, struct ck_diags *diags, struct ck_diag *diag, const char *quote)
{
	/* Much farther ones than the nearest only distract. */
	size_t n = suggest->n_best;
	while (n > 1 && suggest->distance[n - 1] > suggest->distance[0] + 1)
		n--;
	if (n == 0)
		return;
	struct ck_buf list = {0};
	for (size_t i = 0; i < n; i++) {
		ck_buf_printf(&list, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", quote);
		ck_buf_name(&list, suggest->best[i]);
		ck_buf_printf(&list, "%s", quote);
	}
	if (!list.failed)
		ck_diag_help(diags, diag, "did you mean %.*s?", CK_STR_ARG(ck_buf_view(&list)));
	ck_buf_clear(&list);
}
