/*
 * rearrange: einops notation, parsed, sized and turned into reshape, transpose, reshape.
 * Source: the einops paper (A. Rogozhnikov, ICLR 2022) and https://einops.rocks/api/rearrange.
 */
#include "vm/infer.h"

enum { MAX_ATOMS = CK_MAX_RANK, ELLIPSIS = -1 };

/* One axis of a side: a name, several in parentheses, the ellipsis, or nothing (`1` or `()`). Its items are [begin, end). */
struct group {
	size_t begin, end;
	bool parentheses;
};

struct side {
	struct group groups[MAX_ATOMS];
	int items[MAX_ATOMS];		/* numbers of names, or ELLIPSIS */
	size_t n_groups, n_items;
	bool has_ellipsis;
};

struct pattern {
	struct side left, right;
	struct ck_str names[MAX_ATOMS];
	int64_t sizes[MAX_ATOMS];	/* of names; -1: not known (yet) */
	bool given[MAX_ATOMS];
	size_t n_names;
	const int64_t *dims;		/* of the ellipsis: [n_dims] */
	size_t n_dims;
};

/* ---- reading the text */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum ck_code bad_pattern(struct ck_infer *infer, const char *what)
{
	ck_infer_help(infer, "a pattern is written as in einops: \"a (b c) -> c a b\"");
	return ck_infer_fail(infer, CK_BAD_ARGUMENT, "the pattern of rearrange %s", what);
}

static enum ck_code bad_name(struct ck_infer *infer, struct ck_str name, const char *what)
{
	return ck_infer_fail(infer, CK_BAD_ARGUMENT, "`%.*s` %s", CK_STR_ARG(ck_name_text(infer->arena, name)), what);
}

static size_t find_name(const struct pattern *pattern, struct ck_str name)
{
	size_t i = 0;

	while (i < pattern->n_names && !ck_str_equal(pattern->names[i], name))
		i++;
	return i;
}

static bool stands_in(const struct side *side, int item)
{
	for (size_t i = 0; i < side->n_items; i++)
		if (side->items[i] == item)
			return true;
	return false;
}

static enum ck_code add_item(struct ck_infer *infer, struct side *side, int item)
{
	if (side->n_items == MAX_ATOMS)
		return ck_infer_fail(infer, CK_RANK, "the pattern of rearrange has more than %d axes", MAX_ATOMS);
	side->items[side->n_items++] = item;
	return CK_OK;
}

static enum ck_code add_group(struct ck_infer *infer, struct side *side, size_t begin, bool parentheses)
{
	if (side->n_groups == MAX_ATOMS)
		return ck_infer_fail(infer, CK_RANK, "the pattern of rearrange has more than %d axes", MAX_ATOMS);
	side->groups[side->n_groups++] = (struct group){ begin, side->n_items, parentheses };
	return CK_OK;
}

/* A name or `...` at text[*at]. */
static enum ck_code read_item(struct ck_infer *infer, struct pattern *pattern, struct side *side, struct ck_str text, size_t *at)
{
	size_t end = *at, i;
	struct ck_str name;

	if (ck_str_starts(ck_str_slice(text, *at, text.n), CK_STR("..."))) {
		if (side->has_ellipsis)
			return bad_pattern(infer, "has `...` twice on one side");
		side->has_ellipsis = true;
		*at += 3;
		return add_item(infer, side, ELLIPSIS);
	}
	while (end < text.n && (is_letter(text.p[end]) || is_digit(text.p[end])))
		end++;
	name = ck_str_slice(text, *at, end);
	if (!name.n)
		return bad_pattern(infer, "has a character that means nothing there");
	if (is_digit(name.p[0]))
		return bad_name(infer, name, "in a pattern of rearrange: the only number there is 1; other axes have names");
	*at = end;
	i = find_name(pattern, name);
	if (i < pattern->n_names && stands_in(side, (int)i))
		return bad_name(infer, name, "stands twice on one side of rearrange's pattern");
	if (i == MAX_ATOMS)
		return ck_infer_fail(infer, CK_RANK, "the pattern of rearrange has more than %d names", MAX_ATOMS);
	if (i == pattern->n_names) {
		pattern->names[pattern->n_names] = name;
		pattern->sizes[pattern->n_names++] = -1;
	}
	return add_item(infer, side, (int)i);
}

/* Is it a lone `1`? */
static bool is_one(struct ck_str text, size_t at)
{
	return text.p[at] == '1' && (at + 1 == text.n || !(is_digit(text.p[at + 1]) || is_letter(text.p[at + 1])));
}

static enum ck_code read_side(struct ck_infer *infer, struct pattern *pattern, struct side *side, struct ck_str text)
{
	size_t begin = 0;
	bool open = false;
	enum ck_code code = CK_OK;

	for (size_t at = 0; at < text.n && code == CK_OK;) {
		char c = text.p[at];

		if (c == ' ' || c == '\t' || c == '\n') {
			at++;
		} else if (c == '(') {
			if (open)
				return bad_pattern(infer, "has parentheses inside parentheses");
			open = true;
			begin = side->n_items;
			at++;
		} else if (c == ')') {
			if (!open)
				return bad_pattern(infer, "closes a parenthesis that is not open");
			open = false;
			code = add_group(infer, side, begin, true);
			at++;
		} else if (is_one(text, at)) {
			code = open ? CK_OK : add_group(infer, side, side->n_items, false);
			at++;
		} else {
			code = read_item(infer, pattern, side, text, &at);
			if (code == CK_OK && !open)
				code = add_group(infer, side, side->n_items - 1, false);
		}
	}
	return code == CK_OK && open ? bad_pattern(infer, "has a parenthesis that does not close") : code;
}

static bool ellipsis_in_parentheses(const struct side *side)
{
	for (size_t i = 0; i < side->n_groups; i++)
		for (size_t j = side->groups[i].begin; j < side->groups[i].end; j++)
			if (side->items[j] == ELLIPSIS && side->groups[i].parentheses)
				return true;
	return false;
}

/* Every name stands on both sides, and so does `...`. */
static enum ck_code check_sides(struct ck_infer *infer, const struct pattern *pattern)
{
	for (size_t i = 0; i < pattern->n_names; i++) {
		bool left = stands_in(&pattern->left, (int)i), right = stands_in(&pattern->right, (int)i);

		if (left == right)
			continue;
		if (left)
			ck_infer_help(infer, "rearrange keeps every element: each name stands on both sides. To drop an axis use squeeze, mean or [...]");
		else
			ck_infer_help(infer, "rearrange keeps every element: each name stands on both sides. For a new axis of 1 write 1");
		return bad_name(infer, pattern->names[i], left ? "stands only on the left of rearrange's pattern"
							       : "stands only on the right of rearrange's pattern");
	}
	if (pattern->left.has_ellipsis != pattern->right.has_ellipsis)
		return bad_pattern(infer, "has `...` on one side only");
	if (ellipsis_in_parentheses(&pattern->left))
		return bad_pattern(infer, "has `...` inside parentheses on the left");
	return CK_OK;
}

static enum ck_code set_sizes(struct ck_infer *infer, struct pattern *pattern, const struct ck_value *sizes)
{
	for (size_t i = 0; i < sizes->n_items; i++) {
		struct ck_str name = sizes->items[i].text;
		int64_t size = sizes->items[i].items[0].integer;
		size_t at = find_name(pattern, name);

		if (at == pattern->n_names)
			return bad_name(infer, name, "is given a size, but rearrange's pattern has no such name");
		if (pattern->given[at])
			return bad_name(infer, name, "is given a size twice");
		if (size < 1)
			return ck_infer_fail(infer, CK_INDEX_RANGE, "`%.*s` is given the size %lld", CK_STR_ARG(name), (long long)size);
		pattern->given[at] = true;
		pattern->sizes[at] = size;
	}
	return CK_OK;
}

static enum ck_code read_pattern(struct ck_infer *infer, struct pattern **ret_pattern)
{
	struct ck_str text = ck_infer_arg(infer, "pattern")->text;
	struct pattern *pattern = ck_arena_alloc(infer->arena, sizeof(*pattern));
	size_t arrow = 0;
	enum ck_code code;

	if (!pattern)
		return CK_NOMEM;
	while (arrow < text.n && !ck_str_starts(ck_str_slice(text, arrow, text.n), CK_STR("->")))
		arrow++;
	if (arrow == text.n)
		return bad_pattern(infer, "has no `->`");
	code = read_side(infer, pattern, &pattern->left, ck_str_slice(text, 0, arrow));
	if (code == CK_OK)
		code = read_side(infer, pattern, &pattern->right, ck_str_slice(text, arrow + 2, text.n));
	if (code == CK_OK)
		code = check_sides(infer, pattern);
	if (code == CK_OK)
		code = set_sizes(infer, pattern, ck_infer_arg(infer, "sizes"));
	*ret_pattern = pattern;
	return code;
}

/* ---- sizes from the operand */

static enum ck_code bad_size(struct ck_infer *infer, int axis, int64_t n, const char *what, int64_t size)
{
	return ck_infer_fail(infer, CK_SHAPE, "axis %d of %.*s has %lld element%s, %s %lld", axis,
			     CK_STR_ARG(ck_type_dims_text(infer->arena, &infer->operands[0])), (long long)n, ck_infer_plural(n), what,
			     (long long)size);
}

/* The one name of a group without a size; -1 when all have one, -2 after a message. */
static int open_name(struct ck_infer *infer, const struct pattern *pattern, const struct group *group)
{
	int open = -1;

	for (size_t i = group->begin; i < group->end; i++) {
		int item = pattern->left.items[i];

		if (pattern->sizes[item] >= 0)
			continue;
		if (open >= 0) {
			struct ck_str a = pattern->names[open], b = pattern->names[item];

			ck_infer_help(infer, "give all but one in parentheses a size, such as rearrange(..., %.*s=2)", CK_STR_ARG(b));
			(void)ck_infer_fail(infer, CK_BAD_ARGUMENT, "neither `%.*s` nor `%.*s` has a size", CK_STR_ARG(a), CK_STR_ARG(b));
			return -2;
		}
		open = item;
	}
	return open;
}

/* One axis of the operand, of n elements (-1: unknown), is split into the names of a group. */
static enum ck_code bind_group(struct ck_infer *infer, struct pattern *pattern, const struct group *group, int axis, int64_t n)
{
	int64_t known = 1;
	int open = open_name(infer, pattern, group);

	if (open == -2)
		return CK_BAD_ARGUMENT;
	for (size_t i = group->begin; i < group->end; i++) {
		int item = pattern->left.items[i];

		if (item != open && __builtin_mul_overflow(known, pattern->sizes[item], &known))
			return ck_infer_fail(infer, CK_INDEX_RANGE, "the sizes in rearrange multiply to more than 2^63");
	}
	if (n < 0)
		return CK_OK;
	if (group->begin == group->end && n != 1)
		return bad_size(infer, axis, n, "the pattern of rearrange wants", 1);
	if (open < 0 && n != known)
		return bad_size(infer, axis, n, "the sizes given to rearrange multiply to", known);
	if (open >= 0 && n % known != 0)
		return bad_size(infer, axis, n, "which is no multiple of", known);
	if (open >= 0)
		pattern->sizes[open] = n / known;
	return CK_OK;
}

static bool is_ellipsis(const struct side *side, const struct group *group)
{
	return !group->parentheses && group->end == group->begin + 1 && side->items[group->begin] == ELLIPSIS;
}

/* The sizes of all names, as far as the operand tells. *ret_ranked: whether the rank of the result is known. */
static enum ck_code bind_left(struct ck_infer *infer, struct pattern *pattern, bool *ret_ranked)
{
	const struct ck_type *operand = &infer->operands[0];
	const struct side *left = &pattern->left;
	size_t n_named = left->n_groups - left->has_ellipsis, at = 0;
	enum ck_code code = CK_OK;

	*ret_ranked = operand->rank >= 0 || !left->has_ellipsis;
	if (operand->rank >= 0 && (left->has_ellipsis ? (size_t)operand->rank < n_named : (size_t)operand->rank != n_named))
		return ck_infer_fail(infer, CK_RANK, "the pattern of rearrange has %s%zu %s on the left, the tensor is %.*s",
				     left->has_ellipsis ? "at least " : "", n_named, n_named == 1 ? "axis" : "axes",
				     CK_STR_ARG(ck_type_dims_text(infer->arena, operand)));
	for (size_t i = 0; i < left->n_groups && code == CK_OK; i++) {
		if (is_ellipsis(left, &left->groups[i])) {
			pattern->n_dims = operand->rank < 0 ? 0 : (size_t)operand->rank - n_named;
			pattern->dims = operand->rank <= 0 ? NULL : operand->dims + at;
			at += pattern->n_dims;
		} else {
			code = bind_group(infer, pattern, &left->groups[i], (int)at, operand->rank < 0 ? -1 : operand->dims[at]);
			at++;
		}
	}
	return code;
}

/* ---- the result */

/* The product of sizes, -1 when one is unknown; false when it overflows. */
static bool multiply(int64_t *product, int64_t size)
{
	if (*product < 0 || size < 0) {
		*product = -1;
		return true;
	}
	return !__builtin_mul_overflow(*product, size, product);
}

static bool group_size(const struct pattern *pattern, const struct group *group, int64_t *ret_size)
{
	bool fits = true;

	*ret_size = 1;
	for (size_t i = group->begin; i < group->end; i++) {
		int item = pattern->right.items[i];

		if (item != ELLIPSIS)
			fits = fits && multiply(ret_size, pattern->sizes[item]);
		for (size_t j = 0; item == ELLIPSIS && j < pattern->n_dims; j++)
			fits = fits && multiply(ret_size, pattern->dims[j]);
	}
	return fits;
}

/* The dims of the result. In parentheses `...` is a factor of its axis, outside it is as many axes as it stands for. */
static enum ck_code final_dims(struct ck_infer *infer, const struct pattern *pattern, int64_t **ret_dims, size_t *ret_n)
{
	const struct side *right = &pattern->right;
	int64_t *dims = ck_arena_array(infer->arena, right->n_groups + pattern->n_dims + 1, sizeof(*dims));
	size_t n = 0;

	if (!dims)
		return CK_NOMEM;
	for (size_t i = 0; i < right->n_groups; i++) {
		const struct group *group = &right->groups[i];

		if (is_ellipsis(right, group))
			for (size_t j = 0; j < pattern->n_dims; j++)
				dims[n++] = pattern->dims[j];
		else if (!group_size(pattern, group, &dims[n++]))
			return ck_infer_fail(infer, CK_INDEX_RANGE, "rearrange makes an axis of more than 2^63 elements");
	}
	*ret_dims = dims;
	*ret_n = n;
	return CK_OK;
}

enum ck_code ck_infer_REARRANGE(struct ck_infer *infer, struct ck_inferred *ret_inferred)
{
	struct pattern *pattern;
	int64_t *made, *dims;
	size_t n;
	bool ranked;
	enum ck_code code = read_pattern(infer, &pattern);

	if (code == CK_OK)
		code = bind_left(infer, pattern, &ranked);
	if (code != CK_OK)
		return code;
	if (!ranked)
		return ck_infer_new(infer, infer->operands[0].dtype, -1, ret_inferred, NULL);
	code = final_dims(infer, pattern, &made, &n);
	if (code == CK_OK)
		code = ck_infer_new(infer, infer->operands[0].dtype, (int)n, ret_inferred, &dims);
	for (size_t i = 0; code == CK_OK && i < n; i++)
		dims[i] = made[i];
	return code;
}

/* Where the split axes of each name, and of the ellipsis, begin. */
static enum ck_code split_left(struct ck_infer *infer, const struct pattern *pattern, struct ck_rearrange *rearrange, size_t *starts,
			       size_t *ret_ellipsis)
{
	const struct side *left = &pattern->left;

	rearrange->split = ck_arena_array(infer->arena, left->n_items + pattern->n_dims + 1, sizeof(*rearrange->split));
	if (!rearrange->split)
		return CK_NOMEM;
	for (size_t i = 0; i < left->n_items; i++) {
		if (left->items[i] == ELLIPSIS) {
			*ret_ellipsis = rearrange->n_split;
			for (size_t j = 0; j < pattern->n_dims; j++)
				rearrange->split[rearrange->n_split++] = pattern->dims[j];
		} else {
			starts[left->items[i]] = rearrange->n_split;
			rearrange->split[rearrange->n_split++] = pattern->sizes[left->items[i]];
		}
	}
	return CK_OK;
}

enum ck_code ck_rearrange_resolve(struct ck_infer *infer, struct ck_rearrange *ret_rearrange)
{
	struct ck_rearrange made = { 0 };
	size_t starts[MAX_ATOMS] = { 0 }, ellipsis = 0, at = 0;
	struct pattern *pattern = NULL;
	bool ranked;
	enum ck_code code = read_pattern(infer, &pattern);

	CK_ASSERT(infer->n_operands == 1 && ck_type_known(&infer->operands[0]));
	CK_ASSERT(pattern || code != CK_OK);
	if (code == CK_OK)
		code = bind_left(infer, pattern, &ranked);
	if (code == CK_OK)
		code = final_dims(infer, pattern, &made.final, &made.n_final);
	if (code == CK_OK)
		code = split_left(infer, pattern, &made, starts, &ellipsis);
	if (code != CK_OK)
		return code;
	made.permutation = ck_arena_array(infer->arena, made.n_split + 1, sizeof(*made.permutation));
	if (!made.permutation)
		return CK_NOMEM;
	for (size_t i = 0; i < pattern->right.n_items; i++) {
		int item = pattern->right.items[i];

		if (item != ELLIPSIS)
			made.permutation[at++] = starts[item];
		for (size_t j = 0; item == ELLIPSIS && j < pattern->n_dims; j++)
			made.permutation[at++] = ellipsis + j;
	}
	*ret_rearrange = made;
	return CK_OK;
}
