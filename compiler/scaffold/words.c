/* Names as words: what two programs call the same thing mostly shares some of them, spelt one way or another. */
#include "compiler/scaffold/internal.h"

#include <math.h>
#include <string.h>

/*
 * Words that mean the same in names of layers and weights, as TensorFlow, Keras, PyTorch, JAX and well-known models write them. The
 * first of a row stands for all.
 */
static const char *const synonyms[][8] = {
	{"kernel", "weight", "weights", "w", "matrix"},
	{"bias", "b", "biases"},
	{"gamma", "scale", "g"},
	{"beta", "offset", "shift"},
	{"embed", "embedding", "embeddings", "emb", "embedder"},
	{"attention", "attn", "att"},
	{"query", "q"},
	{"key", "k"},
	{"value", "v"},
	{"output", "out", "o"},
	{"norm", "layernorm", "ln", "batchnorm", "bn", "normalization"},
	{"layer", "layers", "block", "blocks", "operation", "operations"},
	{"encoder", "enc"},
	{"decoder", "dec"},
	{"dense", "linear", "fc", "proj", "projection"},
	{"position", "positional", "positions", "pos", "wpe"},
	{"word", "words", "token", "tokens", "wte", "vocab"},
	{"type", "types", "segment", "segments"},
	{"convolution", "conv"},
	{"variance", "var"},
	{"model", "net", "network"},
	{"optimizer", "opt"},
	{"recurrent", "rec"},
	{"hidden", "hid"},
};

/* Words that say nothing after the first one: "layer norm" is a norm, "layer_with_weights" a layer. */
static const char *const pairs[][2] = {
	{"layer", "norm"}, {"batch", "norm"}, {"group", "norm"}, {"moving", "mean"}, {"running", "mean"}, {"moving", "variance"},
	{"running", "variance"}, {"self", "attention"},
};

struct reader {
	struct ck_maker *maker;
	uint32_t words[CK_MAX_WORDS];
	size_t n;
};

static struct ck_str canonical(struct ck_str word)
{
	for (size_t i = 0; i < CK_COUNT(synonyms); i++) {
		for (size_t j = 0; j < CK_COUNT(synonyms[i]) && synonyms[i][j]; j++) {
			if (ck_str_equal(word, ck_str(synonyms[i][j])))
				return ck_str(synonyms[i][0]);
		}
	}
	/* A plural; "class" is none. */
	if (word.n > 3 && word.p[word.n - 1] == 's' && word.p[word.n - 2] != 's')
		word.n--;
	return word;
}

static uint32_t intern(struct ck_maker *maker, struct ck_str word)
{
	size_t number;
	if (ck_map_get(&maker->word_numbers, word, &number))
		return (uint32_t)number;
	struct ck_str copy = ck_str_copy(maker->arena, word);
	if (!copy.p || !ck_map_put(&maker->word_numbers, copy, maker->n_words) ||
	    !ck_arena_grow(maker->arena, (void **)&maker->word_counts, maker->n_words, &maker->words_capacity, sizeof(*maker->word_counts)) ||
	    !ck_arena_grow(maker->arena, (void **)&maker->word_texts, maker->n_words, &maker->word_texts_capacity,
			   sizeof(*maker->word_texts)))
		return 0;
	maker->word_texts[maker->n_words] = copy;
	maker->word_counts[maker->n_words] = 0;
	return maker->n_words++;
}

static bool word_is(const struct ck_maker *maker, uint32_t word, const char *text)
{
	return !(word & CK_WORD_NUMBER) && ck_str_equal(maker->word_texts[word], ck_str(text));
}

/* Drops what is said by the word before or after. */
static void shorten(struct reader *reader)
{
	const struct ck_maker *maker = reader->maker;
	size_t n = reader->n;
	if (n >= 2) {
		for (size_t i = 0; i < CK_COUNT(pairs); i++) {
			if (word_is(maker, reader->words[n - 2], pairs[i][0]) && word_is(maker, reader->words[n - 1], pairs[i][1])) {
				reader->words[n - 2] = reader->words[n - 1];
				reader->n--;
				return;
			}
		}
	}
	if (n >= 3 && word_is(maker, reader->words[n - 3], "layer") && word_is(maker, reader->words[n - 2], "with") &&
	    word_is(maker, reader->words[n - 1], "kernel"))
		reader->n -= 2;
}

static void add(struct reader *reader, struct ck_str word, bool is_number)
{
	char lower[64];
	if (reader->n == CK_MAX_WORDS || word.n == 0 || word.n > sizeof(lower))
		return;
	for (size_t i = 0; i < word.n; i++)
		lower[i] = (char)(word.p[i] >= 'A' && word.p[i] <= 'Z' ? word.p[i] | 0x20 : word.p[i]);
	struct ck_str text = {lower, word.n};
	while (is_number && text.n > 1 && text.p[0] == '0')
		text = ck_str_slice(text, 1, text.n);
	uint32_t number = intern(reader->maker, is_number ? text : canonical(text));
	if (ck_arena_failed(reader->maker->arena))
		return;
	reader->words[reader->n++] = number | (is_number ? CK_WORD_NUMBER : 0);
	shorten(reader);
}

enum letter { OTHER, LOWER, UPPER, DIGIT };

static enum letter letter_of(char c)
{
	if (c >= '0' && c <= '9')
		return DIGIT;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	return (c >= 'a' && c <= 'z') || (c & 0x80) ? LOWER : OTHER;
}

/* Where the word that begins at `at` ends: "LayerNorm" is two, "conv2d" one, "BERTModel" two, "fc1" a word and a number. */
static size_t end_of_word(struct ck_str name, size_t at)
{
	enum letter first = letter_of(name.p[at]);
	size_t i = at + 1;
	if (first == DIGIT) {
		while (i < name.n && letter_of(name.p[i]) == DIGIT)
			i++;
		return i;
	}
	for (; i < name.n; i++) {
		enum letter here = letter_of(name.p[i]), before = letter_of(name.p[i - 1]);
		enum letter next = i + 1 < name.n ? letter_of(name.p[i + 1]) : OTHER;
		if (here == OTHER || (here == UPPER && before == LOWER) || (here == UPPER && before == UPPER && next == LOWER))
			break;
		/* One digit inside a word belongs to it. */
		if (here == DIGIT && next != LOWER)
			break;
	}
	return i;
}

void ck_words_read(struct ck_maker *maker, struct ck_str name, const uint32_t **ret_words, size_t *ret_n)
{
	struct reader reader = {.maker = maker};
	for (size_t i = 0; i < name.n && reader.n < CK_MAX_WORDS;) {
		if (letter_of(name.p[i]) == OTHER) {
			i++;
			continue;
		}
		size_t end = end_of_word(name, i);
		add(&reader, ck_str_slice(name, i, end), letter_of(name.p[i]) == DIGIT);
		i = end;
	}
	uint32_t *words = ck_arena_array(maker->arena, reader.n + 1, sizeof(*words));
	if (!words)
		return;
	memcpy(words, reader.words, reader.n * sizeof(*words));
	for (size_t i = 0; i < reader.n; i++)
		maker->word_counts[words[i] & ~(uint32_t)CK_WORD_NUMBER]++;
	*ret_words = words;
	*ret_n = reader.n;
}

bool ck_item_has_word(const struct ck_maker *maker, const struct ck_item *item, const char *word)
{
	for (size_t i = 0; i < item->n_words; i++) {
		if (word_is(maker, item->words[i], word))
			return true;
	}
	return false;
}

/* ---- likeness */

static bool counts(uint32_t word, bool with_numbers)
{
	return with_numbers || !(word & CK_WORD_NUMBER);
}

/* A word that is everywhere tells little. */
void ck_words_weigh(struct ck_maker *maker)
{
	double n = (double)(maker->sides[CK_FROM].n + maker->sides[CK_ONTO].n);
	maker->word_weights = ck_arena_array(maker->arena, maker->n_words + 1, sizeof(*maker->word_weights));
	for (size_t i = 0; i < maker->n_words && maker->word_weights; i++) {
		double weight = log2(1 + n / (double)(maker->word_counts[i] + 1));
		maker->word_weights[i] = weight < 0.5 ? 0.5 : weight > 3 ? 3 : weight;
	}
}

static double weight_of(const struct ck_maker *maker, uint32_t word)
{
	return maker->word_weights[word & ~(uint32_t)CK_WORD_NUMBER];
}

static double weight_of_all(const struct ck_maker *maker, const uint32_t *words, size_t n, bool with_numbers)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += counts(words[i], with_numbers) ? weight_of(maker, words[i]) : 0;
	return sum;
}

double ck_words_alike(const struct ck_maker *maker, const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b, bool with_numbers)
{
	double row[CK_MAX_WORDS + 1] = {0};
	double whole = weight_of_all(maker, a, n_a, with_numbers) + weight_of_all(maker, b, n_b, with_numbers);
	for (size_t i = 0; i < n_a; i++) {
		double diagonal = 0;
		double weight = counts(a[i], with_numbers) ? weight_of(maker, a[i]) : 0;
		for (size_t j = 0; j < n_b; j++) {
			double above = row[j + 1], best = above > row[j] ? above : row[j];
			if (a[i] == b[j] && diagonal + weight > best)
				best = diagonal + weight;
			diagonal = above;
			row[j + 1] = best;
		}
	}
	return whole > 0 ? 2 * row[n_b] / whole : 0;
}

double ck_items_alike(const struct ck_maker *maker, const struct ck_item *a, const struct ck_item *b, bool with_numbers)
{
	const uint32_t *const words_a[] = {a->words, a->full_words}, *const words_b[] = {b->words, b->full_words};
	const size_t n_a[] = {a->n_words, a->n_full_words}, n_b[] = {b->n_words, b->n_full_words};
	double best = 0, names = 0;
	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < 2; j++) {
			double alike = n_a[i] && n_b[j] ? ck_words_alike(maker, words_a[i], n_a[i], words_b[j], n_b[j], with_numbers) : 0;
			best = alike > best ? alike : best;
			names = i == 0 && j == 0 ? alike : names;
		}
	}
	/* A full name that others have too tells what it is, and not which. */
	return a->shares_full_name && b->shares_full_name ? (best + names) / 2 : best;
}

struct ck_str ck_words_shared(struct ck_maker *maker, const struct ck_item *a, const struct ck_item *b)
{
	enum { MAX_SHOWN = 6 };
	struct ck_buf list = {0};
	size_t n = 0;
	for (size_t i = 0; i < a->n_words && n < MAX_SHOWN; i++) {
		bool shared = false, repeated = false;
		for (size_t j = 0; j < b->n_words; j++)
			shared |= a->words[i] == b->words[j];
		for (size_t j = 0; j < i; j++)
			repeated |= a->words[i] == a->words[j];
		if (!shared || repeated || (a->words[i] & CK_WORD_NUMBER))
			continue;
		ck_buf_str(&list, n++ ? CK_STR(", ") : CK_STR(""));
		ck_buf_name(&list, maker->word_texts[a->words[i]]);
	}
	struct ck_str text = ck_str_copy(maker->arena, ck_buf_view(&list));
	maker->failed |= list.failed;
	ck_buf_clear(&list);
	return text;
}
