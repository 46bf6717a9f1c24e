/* The variables of a manifest as items: in natural order, grouped into families, with the numbers in their names. */
#include "compiler/scaffold/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What stands for a number in a skeleton, and before the skeleton of a name that has one of these bytes itself. */
#define NUMBER_MARK '\x01'
#define ODD_MARK '\x02'

enum { MAX_DIGITS = 18 };	/* of a number that is one; longer runs are text */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t end_of_digits(struct ck_str text, size_t at)
{
	while (at < text.n && is_digit(text.p[at]))
		at++;
	return at;
}

/* Compares the numbers at text.p[*at] of both, and goes behind them. */
static int compare_numbers(struct ck_str a, size_t *at_a, struct ck_str b, size_t *at_b)
{
	size_t end_a = end_of_digits(a, *at_a), end_b = end_of_digits(b, *at_b), i = *at_a, j = *at_b;
	*at_a = end_a;
	*at_b = end_b;
	while (i + 1 < end_a && a.p[i] == '0')
		i++;
	while (j + 1 < end_b && b.p[j] == '0')
		j++;
	if (end_a - i != end_b - j)
		return end_a - i < end_b - j ? -1 : 1;
	return memcmp(a.p + i, b.p + j, end_a - i);
}

int ck_natural_compare(struct ck_str a, struct ck_str b)
{
	size_t i = 0, j = 0;
	while (i < a.n && j < b.n) {
		if (is_digit(a.p[i]) && is_digit(b.p[j])) {
			int order = compare_numbers(a, &i, b, &j);
			if (order)
				return order;
		} else if (a.p[i] != b.p[j]) {
			/* A segment that ends comes before one that goes on: dense/kernel, dense_1/kernel. */
			unsigned char x = a.p[i] == '/' ? 0 : (unsigned char)a.p[i], y = b.p[j] == '/' ? 0 : (unsigned char)b.p[j];
			return x < y ? -1 : 1;
		} else {
			i++;
			j++;
		}
	}
	if (i < a.n || j < b.n)
		return j < b.n ? -1 : 1;
	return ck_str_compare(a, b);	/* 007 and 7 */
}

static int compare_items(const void *a, const void *b)
{
	const struct ck_item *x = a, *y = b;
	int order = ck_natural_compare(x->name, y->name);
	return order ? order : ck_str_compare(x->variable->key, y->variable->key);
}

/* ---- types */

struct ck_str ck_type_text(struct ck_maker *maker, uint32_t type)
{
	struct ck_buf buf = {0};
	ck_buf_printf(&buf, "%s", ck_dtype_name(maker->types[type].dtype));
	if (maker->types[type].kind == CK_ATTRIBUTE)
		ck_buf_str(&buf, CK_STR("[...]"));
	else
		ck_buf_shape(&buf, maker->types[type].shape, true);
	struct ck_str text = ck_str_copy(maker->arena, ck_buf_view(&buf));
	maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	return text;
}

static uint32_t intern_type(struct ck_maker *maker, const struct ck_variable *variable)
{
	/* State of objects (the keys of a table, where an iterator is) has a size of its own in every save. */
	struct ck_shape shape = variable->kind == CK_ATTRIBUTE ? (struct ck_shape){0} : variable->shape;
	struct ck_buf key = {0};
	size_t number = 0;
	ck_buf_printf(&key, "%d %d ", (int)variable->kind, (int)variable->dtype);
	ck_buf_shape(&key, shape, true);
	if (!key.failed && !ck_map_get(&maker->type_numbers, ck_buf_view(&key), &number)) {
		struct ck_str copy = ck_str_copy(maker->arena, ck_buf_view(&key));
		number = maker->n_types;
		if (copy.p && ck_map_put(&maker->type_numbers, copy, number) &&
		    ck_arena_grow(maker->arena, (void **)&maker->types, maker->n_types, &maker->types_capacity, sizeof(*maker->types))) {
			struct ck_kind *kind = &maker->types[maker->n_types++];
			*kind = (struct ck_kind){variable->dtype, variable->kind, shape, 0};
			if (!ck_shape_elems(shape, &kind->n_elems))
				kind->n_elems = UINT64_MAX;
		} else {
			number = 0;
		}
	}
	maker->failed |= key.failed;
	ck_buf_clear(&key);
	return (uint32_t)number;
}

/* ---- numbers and families */

static bool is_odd(struct ck_str name)
{
	return memchr(name.p, NUMBER_MARK, name.n) || memchr(name.p, ODD_MARK, name.n);
}

/* The name with a mark for each number, in the arena; sets the item's numbers. */
static struct ck_str read_numbers(struct ck_maker *maker, struct ck_item *item)
{
	struct ck_str name = item->name;
	struct ck_buf skeleton = {0};
	size_t n = 0, end;
	/* beta_1 and beta_2 are no two of a kind. */
	bool odd = is_odd(name), is_text = odd || item->role;
	for (size_t i = 0; i < name.n; i++)
		n += is_digit(name.p[i]) && (i == 0 || !is_digit(name.p[i - 1]));
	/* One more, for a number that TensorFlow left out. */
	item->numbers = ck_arena_array(maker->arena, n + 1, sizeof(*item->numbers));
	if (odd)
		ck_buf_char(&skeleton, ODD_MARK);
	for (size_t i = 0; i < name.n && item->numbers; i = end) {
		end = end_of_digits(name, i);
		bool is_number = end > i && end - i <= MAX_DIGITS && !is_text;
		if (is_number) {
			struct ck_number *number = &item->numbers[item->n_numbers++];
			*number = (struct ck_number){.begin = (uint32_t)i, .end = (uint32_t)end};
			for (size_t k = i; k < end; k++)
				number->value = number->value * 10 + (uint64_t)(name.p[k] - '0');
			ck_buf_char(&skeleton, NUMBER_MARK);
			continue;
		}
		end = end > i ? end : i + 1;
		ck_buf_bytes(&skeleton, name.p + i, end - i);
	}
	struct ck_str copy = ck_str_copy(maker->arena, ck_buf_view(&skeleton));
	maker->failed |= skeleton.failed || !copy.p;
	ck_buf_clear(&skeleton);
	return copy;
}

static int compare_by_numbers(const void *a, const void *b)
{
	const struct ck_item *x = *(struct ck_item *const *)a, *y = *(struct ck_item *const *)b;
	for (size_t i = 0; i < x->n_numbers && i < y->n_numbers; i++) {
		if (x->numbers[i].value != y->numbers[i].value)
			return x->numbers[i].value < y->numbers[i].value ? -1 : 1;
	}
	return ck_str_compare(x->name, y->name);
}

static void fill_families(struct ck_maker *maker, struct ck_side *side)
{
	size_t *counts = ck_arena_array(maker->arena, side->n_families + 1, sizeof(*counts));
	struct ck_item **items = ck_arena_array(maker->arena, side->n + 1, sizeof(*items));
	if (!side->families)
		side->families = ck_arena_array(maker->arena, side->n_families + 1, sizeof(*side->families));
	if (!counts || !items || !side->families)
		return;
	for (size_t i = 0; i < side->n; i++)
		counts[side->items[i].family]++;
	for (size_t i = 0; i < side->n_families; i++) {
		side->families[i].items = items;
		side->families[i].n = 0;
		items += counts[i];
	}
	for (size_t i = 0; i < side->n; i++) {
		struct ck_family *family = &side->families[side->items[i].family];
		family->items[family->n++] = &side->items[i];
	}
	for (size_t i = 0; i < side->n_families; i++) {
		if (side->families[i].n > 1)
			qsort(side->families[i].items, side->families[i].n, sizeof(*items), compare_by_numbers);
	}
}

/* ---- TensorFlow's own numbering: dense, dense_1, dense_2 */

/* Do all numbers at a position look as if TensorFlow had given them: from 1, no leading zeros? */
static bool looks_unique(const struct ck_family *family, size_t position)
{
	for (size_t i = 0; i < family->n; i++) {
		const struct ck_item *item = family->items[i];
		if (item->numbers[position].value == 0 || item->name.p[item->numbers[position].begin] == '0')
			return false;
	}
	return family->n > 0;
}

/* Puts a number that is not written into a name, as number `position` of it. */
static void insert_number(struct ck_item *item, size_t position, size_t at)
{
	memmove(&item->numbers[position + 1], &item->numbers[position], (item->n_numbers - position) * sizeof(*item->numbers));
	item->numbers[position] = (struct ck_number){.begin = (uint32_t)at, .end = (uint32_t)at, .is_uniq = true};
	item->n_numbers++;
}

/* Where number `position` of the longer skeleton would stand in an item of the shorter one. */
static size_t place_of(struct ck_str skeleton, size_t mark, const struct ck_item *item)
{
	/* Every mark before it stands for digits in the name. */
	size_t at = mark - 1, seen = 0;
	for (size_t i = 0; i < mark; i++) {
		if (skeleton.p[i] != NUMBER_MARK)
			continue;
		at += item->numbers[seen].end - item->numbers[seen].begin - 1;
		seen++;
	}
	return at;
}

static void merge(struct ck_side *side, struct ck_str skeleton, size_t family, size_t base, size_t mark, size_t position)
{
	for (size_t i = 0; i < side->families[family].n; i++) {
		struct ck_number *number = &side->families[family].items[i]->numbers[position];
		number->begin--;	/* the underscore is part of it */
		number->is_uniq = true;
	}
	for (size_t i = 0; i < side->families[base].n; i++) {
		struct ck_item *item = side->families[base].items[i];
		insert_number(item, position, place_of(skeleton, mark, item));
		item->family = family;
	}
}

/* Joins the family of dense_1/kernel, dense_2/kernel with that of dense/kernel. */
static bool find_base(struct ck_maker *maker, struct ck_side *side, struct ck_str skeleton, size_t family, bool *is_merged)
{
	size_t position = 0, base;
	for (size_t i = 0; i < skeleton.n; i++) {
		if (skeleton.p[i] != NUMBER_MARK)
			continue;
		bool ends = i + 1 == skeleton.n || skeleton.p[i + 1] == '/';
		bool is_uniq = ends && i > 1 && skeleton.p[i - 1] == '_' && skeleton.p[i - 2] != '/';
		if (is_uniq && looks_unique(&side->families[family], position)) {
			struct ck_str without = ck_str_format(maker->arena, "%.*s%.*s", (int)(i - 1), skeleton.p,
							      (int)(skeleton.n - i - 1), skeleton.p + i + 1);
			if (without.p && ck_map_get(&side->by_skeleton, without, &base) && !is_merged[base] && side->families[base].n) {
				merge(side, skeleton, family, base, i, position);
				is_merged[base] = is_merged[family] = true;
				return true;
			}
		}
		position++;
	}
	return false;
}

static void make_families(struct ck_maker *maker, struct ck_side *side)
{
	struct ck_str *skeletons = ck_arena_array(maker->arena, side->n + 1, sizeof(*skeletons));
	bool *is_merged, any = false;
	ck_map_init(&side->by_skeleton, maker->arena);
	for (size_t i = 0; skeletons && i < side->n; i++) {
		struct ck_item *item = &side->items[i];
		struct ck_str skeleton = read_numbers(maker, item);
		if (!skeleton.p || ck_map_get(&side->by_skeleton, skeleton, &item->family))
			continue;
		item->family = side->n_families;
		skeletons[side->n_families] = skeleton;
		if (ck_map_put(&side->by_skeleton, skeleton, item->family))
			side->n_families++;
	}
	fill_families(maker, side);
	is_merged = ck_arena_array(maker->arena, side->n_families + 1, sizeof(*is_merged));
	if (!skeletons || !is_merged || ck_arena_failed(maker->arena))
		return;
	for (size_t i = 0; i < side->n_families; i++)
		side->families[i].skeleton = skeletons[i];
	for (size_t i = 0; i < side->n_families; i++) {
		if (!is_merged[i])
			any |= find_base(maker, side, skeletons[i], i, is_merged);
	}
	if (any)
		fill_families(maker, side);
}

/* ---- all of it */

static void read_slots(struct ck_maker *maker, struct ck_side *side)
{
	const struct ck_manifest *manifest = side->manifest;
	side->first_slot = ck_arena_array(maker->arena, manifest->n_variables + 1, sizeof(*side->first_slot));
	side->next_slot = ck_arena_array(maker->arena, manifest->n_variables + 1, sizeof(*side->next_slot));
	if (!side->first_slot || !side->next_slot)
		return;
	memset(side->first_slot, 0xff, manifest->n_variables * sizeof(*side->first_slot));
	/* Backwards, so that following them goes in the order of keys. */
	for (size_t i = manifest->n_variables; i-- > 0;) {
		const struct ck_variable *variable = &manifest->variables[i];
		if (variable->convention == CK_CONVENTION_NONE)
			continue;
		side->next_slot[i] = side->first_slot[variable->owner];
		side->first_slot[variable->owner] = i;
		side->n_slots++;
	}
}

static void find_shared_full_names(struct ck_maker *maker, struct ck_side *side)
{
	struct ck_map first;
	ck_map_init(&first, maker->arena);
	for (size_t i = 0; i < side->n; i++) {
		struct ck_item *item = &side->items[i];
		size_t other;
		if (!item->n_full_words)
			continue;
		if (ck_map_get(&first, item->variable->full_name, &other))
			item->shares_full_name = side->items[other].shares_full_name = true;
		else if (!ck_map_put(&first, item->variable->full_name, i))
			return;
	}
}

void ck_side_read(struct ck_maker *maker, uint32_t number, const struct ck_manifest *manifest)
{
	struct ck_side *side = &maker->sides[number];
	side->manifest = manifest;
	side->items = ck_arena_array(maker->arena, manifest->n_variables + 1, sizeof(*side->items));
	ck_map_init(&side->by_name, maker->arena);
	read_slots(maker, side);
	for (size_t i = 0; side->items && i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];
		if (variable->kind == CK_GRAPH || variable->convention != CK_CONVENTION_NONE)
			continue;
		struct ck_item *item = &side->items[side->n++];
		*item = (struct ck_item){.variable = variable, .name = variable->name, .side = number, .type = intern_type(maker, variable),
				       .role = ck_role_find(manifest, variable)};
	}
	if (!side->items || ck_arena_failed(maker->arena))
		return;
	if (side->n > 1)
		qsort(side->items, side->n, sizeof(*side->items), compare_items);
	for (size_t i = 0; i < side->n; i++) {
		struct ck_item *item = &side->items[i];
		ck_words_read(maker, item->name, &item->words, &item->n_words);
		if (item->variable->full_name.n)
			ck_words_read(maker, item->variable->full_name, &item->full_words, &item->n_full_words);
		if (!ck_map_put(&side->by_name, item->name, i))
			return;
	}
	find_shared_full_names(maker, side);
	make_families(maker, side);
}
