/* Which one operator makes one type of another, or one value of several. */
#include "compiler/scaffold/internal.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_SEARCH_RANK = 5 };	/* of shapes that are rearranged; more axes have too many orders to be told apart */

static bool is_number_class(enum ck_dtype_class class)
{
	return class == CK_CLASS_FLOAT || class == CK_CLASS_INT || class == CK_CLASS_UINT || class == CK_CLASS_COMPLEX;
}

/* Casts that a new program may have made necessary: among floats, among integers. Others change what a number means. */
static bool casts(enum ck_dtype from, enum ck_dtype to)
{
	enum ck_dtype_class a = ck_dtype_class(from), b = ck_dtype_class(to);
	bool a_int = a == CK_CLASS_INT || a == CK_CLASS_UINT, b_int = b == CK_CLASS_INT || b == CK_CLASS_UINT;
	return is_number_class(a) && ck_dtype_info(to)->in_language && ck_dtype_info(from)->in_language && (a == b || (a_int && b_int));
}

static void put_dims(struct ck_buf *buf, struct ck_shape shape)
{
	for (size_t i = 0; i < shape.rank; i++)
		ck_buf_printf(buf, "%s%" PRIu64, i ? ", " : "", shape.dims[i]);
}

/* Sets text and why from a format; both in the arena. */
static void say(struct ck_maker *maker, struct ck_change *change, enum ck_change_kind kind, struct ck_str text, const char *why)
{
	change->kind = kind;
	change->text = change->shape_text = text;
	change->why = ck_str_copy(maker->arena, ck_str(why));
}

/* ---- transposes: axis order[i] of `from` becomes axis i */

struct orders {
	size_t n;			/* found; two are as good as many */
	size_t first[MAX_SEARCH_RANK];
};

/* All permutations of a's axes that give b. */
static void find_orders(const uint64_t *a, const uint64_t *b, size_t rank, size_t at, size_t *order, bool *used, struct orders *orders)
{
	if (at == rank) {
		if (orders->n++ == 0)
			memcpy(orders->first, order, rank * sizeof(*order));
		return;
	}
	for (size_t i = 0; i < rank && orders->n < 2; i++) {
		if (used[i] || a[i] != b[at])
			continue;
		used[i] = true;
		order[at] = i;
		find_orders(a, b, rank, at + 1, order, used, orders);
		used[i] = false;
	}
}

static struct orders orders_of(const uint64_t *a, const uint64_t *b, size_t rank)
{
	struct orders orders = {0};
	size_t order[MAX_SEARCH_RANK];
	bool used[MAX_SEARCH_RANK] = {false};
	if (rank <= MAX_SEARCH_RANK)
		find_orders(a, b, rank, 0, order, used, &orders);
	return orders;
}

static bool is_reversed(struct ck_shape a, struct ck_shape b)
{
	for (size_t i = 0; i < a.rank; i++) {
		if (a.dims[i] != b.dims[a.rank - 1 - i])
			return false;
	}
	return true;
}

static bool try_transpose(struct ck_maker *maker, struct ck_shape a, struct ck_shape b, struct ck_change *change)
{
	struct ck_buf text = {0};
	if (a.rank != b.rank || a.rank < 2)
		return false;
	struct orders orders = orders_of(a.dims, b.dims, a.rank);
	bool reversed = is_reversed(a, b);
	if (orders.n == 0 && !reversed)
		return false;
	/* The first order found keeps axes of one size in their order, as programs do: kernels [3, 3, in, out] to [out, in, 3, 3]. */
	bool plain = reversed && (a.rank == 2 || orders.n < 2);
	ck_buf_str(&text, CK_STR("transpose"));
	for (size_t i = 0; i < a.rank && !plain; i++)
		ck_buf_printf(&text, "%s%zu", i ? ", " : "(", orders.first[i]);
	if (!plain)
		ck_buf_char(&text, ')');
	say(maker, change, CK_CHANGE_TRANSPOSE, ck_str_copy(maker->arena, ck_buf_view(&text)),
	    plain ? "the shape is reversed" : "the same axes in another order");
	change->ambiguous = a.rank > 2 && orders.n > 1;
	maker->failed |= text.failed;
	ck_buf_clear(&text);
	return true;
}

/* ---- reshapes that keep the order of elements and merge or divide axes */

/* The only axis of size 1 that b has and a has not, when there is just that difference; SIZE_MAX: another one. */
static size_t extra_axis(struct ck_shape a, struct ck_shape b)
{
	if (b.rank != a.rank + 1)
		return SIZE_MAX;
	for (size_t axis = b.rank; axis-- > 0;) {
		bool good = b.dims[axis] == 1;
		for (size_t i = 0; i < a.rank && good; i++)
			good = a.dims[i] == b.dims[i + (i >= axis)];
		if (good)
			return axis;
	}
	return SIZE_MAX;
}

/* Do groups of neighbouring axes of one shape multiply to single axes of the other, all along? */
static bool merges(struct ck_shape a, struct ck_shape b)
{
	size_t i = 0, j = 0;
	while (i < a.rank && j < b.rank) {
		uint64_t x = a.dims[i++], y = b.dims[j++];
		bool a_multiplies = x < y;
		/* Only one side multiplies: several axes that become several others are no merge. */
		while (a_multiplies && x < y && i < a.rank)
			x *= a.dims[i++];
		while (!a_multiplies && y < x && j < b.rank)
			y *= b.dims[j++];
		if (x != y)
			return false;
	}
	while (i < a.rank && a.dims[i] == 1)
		i++;
	while (j < b.rank && b.dims[j] == 1)
		j++;
	return i == a.rank && j == b.rank;
}

static bool try_reshape(struct ck_maker *maker, struct ck_shape a, struct ck_shape b, struct ck_change *change)
{
	size_t axis = extra_axis(a, b);
	if (axis != SIZE_MAX) {
		say(maker, change, CK_CHANGE_SQUEEZE, ck_str_format(maker->arena, "unsqueeze(%zu)", axis), "an axis of size 1 more");
		return true;
	}
	axis = extra_axis(b, a);
	if (axis != SIZE_MAX) {
		say(maker, change, CK_CHANGE_SQUEEZE, ck_str_format(maker->arena, "squeeze(%zu)", axis), "an axis of size 1 less");
		return true;
	}
	if (!merges(a, b))
		return false;
	struct ck_buf text = {0};
	ck_buf_str(&text, CK_STR("reshape("));
	put_dims(&text, b);
	ck_buf_char(&text, ')');
	maker->failed |= text.failed;
	say(maker, change, CK_CHANGE_RESHAPE, ck_str_copy(maker->arena, ck_buf_view(&text)),
	    a.rank > b.rank ? "neighbouring axes are merged" : "axes are divided");
	ck_buf_clear(&text);
	return true;
}

/* ---- rearranges: one axis divided or two merged, and the axes in another order */

struct solution {
	size_t n, n_ordered;		/* in all; those in which the two parts keep their order, which programs do: heads before head size */
	size_t axis;			/* of the shorter shape: the one that is two in the longer */
	uint64_t outer;			/* size of the first of the two */
	size_t order[MAX_SEARCH_RANK];	/* of the longer shape's axes, from divided to longer */
};

/* Does the outer part of the divided axis stand before the inner one in the longer shape? */
static bool keeps_order(const struct orders *orders, size_t rank, size_t axis, bool merging)
{
	size_t outer = orders->first[axis], inner = orders->first[axis + 1];
	for (size_t i = 0; i < rank && !merging; i++) {
		outer = orders->first[i] == axis ? i : outer;
		inner = orders->first[i] == axis + 1 ? i : inner;
	}
	return outer < inner;
}

/* All ways to divide an axis of `few` in two that give a permutation of `many`, which has one axis more. */
static void find_division(struct ck_shape few, struct ck_shape many, bool merging, struct solution *solution)
{
	uint64_t divided[MAX_SEARCH_RANK];
	if (many.rank != few.rank + 1 || many.rank > MAX_SEARCH_RANK)
		return;
	for (size_t axis = 0; axis < few.rank && solution->n_ordered < 2; axis++) {
		uint64_t tried[MAX_SEARCH_RANK];
		size_t n_tried = 0;
		for (size_t k = 0; k < many.rank; k++) {
			uint64_t outer = many.dims[k];
			bool again = false;
			for (size_t i = 0; i < n_tried; i++)
				again |= tried[i] == outer;
			if (again || outer < 2 || few.dims[axis] % outer || few.dims[axis] / outer < 2)
				continue;
			tried[n_tried++] = outer;
			for (size_t i = 0; i < many.rank; i++)
				divided[i] = i <= axis ? few.dims[i] : few.dims[i - 1];
			divided[axis] = outer;
			divided[axis + 1] = few.dims[axis] / outer;
			struct orders orders = merging ? orders_of(many.dims, divided, many.rank) : orders_of(divided, many.dims, many.rank);
			bool ordered = orders.n && keeps_order(&orders, many.rank, axis, merging);
			if (orders.n && (solution->n == 0 || (ordered && solution->n_ordered == 0))) {
				solution->axis = axis;
				solution->outer = outer;
				memcpy(solution->order, orders.first, sizeof(solution->order));
			}
			solution->n += orders.n;
			solution->n_ordered += ordered ? orders.n : 0;
		}
	}
}

static void put_divided(struct ck_buf *text, const char *letters, size_t n, size_t axis)
{
	for (size_t i = 0; i < n; i++) {
		ck_buf_printf(text, "%s%s%c", i ? " " : "", i == axis ? "(" : "", letters[i]);
		if (i == axis + 1)
			ck_buf_char(text, ')');
	}
}

static bool try_rearrange(struct ck_maker *maker, struct ck_shape a, struct ck_shape b, struct ck_change *change)
{
	struct solution solution = {0};
	bool merging = a.rank > b.rank;
	struct ck_shape few = merging ? b : a, many = merging ? a : b;
	find_division(few, many, merging, &solution);
	if (solution.n == 0)
		return false;
	/* Letters are those of the divided axes in order; the longer shape has them permuted. */
	char letters[] = "abcde", permuted[MAX_SEARCH_RANK + 1] = {0};
	struct ck_buf text = {0};
	for (size_t i = 0; i < many.rank; i++) {
		if (merging)
			permuted[solution.order[i]] = letters[i];
		else
			permuted[i] = letters[solution.order[i]];
	}
	ck_buf_str(&text, CK_STR("rearrange(\""));
	for (int part = 0; part < 2; part++) {
		if ((part == 0) != merging)
			put_divided(&text, letters, many.rank, solution.axis);
		for (size_t i = 0; i < many.rank && (part == 0) == merging; i++)
			ck_buf_printf(&text, "%s%c", i ? " " : "", permuted[i]);
		if (part == 0)
			ck_buf_str(&text, CK_STR(" -> "));
	}
	ck_buf_char(&text, '"');
	if (!merging)
		ck_buf_printf(&text, ", %c=%" PRIu64, letters[solution.axis], solution.outer);
	ck_buf_char(&text, ')');
	say(maker, change, CK_CHANGE_REARRANGE, ck_str_copy(maker->arena, ck_buf_view(&text)),
	    merging ? "two axes are merged, and their order differs" : "an axis is divided, and the order differs");
	change->ambiguous = solution.n_ordered != 1;
	maker->failed |= text.failed;
	ck_buf_clear(&text);
	return true;
}

/* ---- sizes */

static bool try_resize(struct ck_maker *maker, struct ck_shape a, struct ck_shape b, struct ck_change *change)
{
	size_t axis = SIZE_MAX, n_differ = 0;
	for (size_t i = 0; i < a.rank && a.rank == b.rank; i++) {
		if (a.dims[i] != b.dims[i]) {
			axis = i;
			n_differ++;
		}
	}
	if (n_differ != 1 || a.dims[axis] == 0 || b.dims[axis] == 0)
		return false;
	bool grows = a.dims[axis] < b.dims[axis];
	struct ck_str text = grows ? ck_str_format(maker->arena, "grow(axis=%zu, to=%" PRIu64 ", with=zeros)", axis, b.dims[axis])
				   : ck_str_format(maker->arena, "slice(axis=%zu, start=0, stop=%" PRIu64 ")", axis, b.dims[axis]);
	struct ck_str why = ck_str_format(maker->arena, "axis %zu %s from %" PRIu64 " to %" PRIu64 "%s", axis, grows ? "grows" : "is cut",
					  a.dims[axis], b.dims[axis], grows ? ", and what is new is zeros" : "");
	say(maker, change, grows ? CK_CHANGE_GROW : CK_CHANGE_CUT, text, why.p ? why.p : "");
	return true;
}

static void find_shape(struct ck_maker *maker, const struct ck_kind *from, const struct ck_kind *to, struct ck_change *change)
{
	struct ck_shape a = from->shape, b = to->shape;
	if (ck_shape_equal(a, b)) {
		say(maker, change, CK_CHANGE_SAME, CK_STR(""), "");
		return;
	}
	if (from->kind != CK_VARIABLE || to->kind != CK_VARIABLE || !ck_dtype_info(from->dtype)->in_language)
		return;
	if (from->n_elems == to->n_elems && from->n_elems != 0 && from->n_elems != UINT64_MAX &&
	    (try_transpose(maker, a, b, change) || try_reshape(maker, a, b, change) || try_rearrange(maker, a, b, change)))
		return;
	(void)try_resize(maker, a, b, change);
}

static void find(struct ck_maker *maker, const struct ck_kind *from, const struct ck_kind *to, struct ck_change *change)
{
	if (from->kind != to->kind || (from->dtype != to->dtype && !casts(from->dtype, to->dtype)))
		return;
	find_shape(maker, from, to, change);
	if (change->kind == CK_CHANGE_NONE || from->dtype == to->dtype)
		return;
	change->casts = true;
	change->text = ck_str_format(maker->arena, "%.*s%scast(%s)", CK_STR_ARG(change->shape_text), change->shape_text.n ? " | " : "",
				     ck_dtype_name(to->dtype));
	const char *both = change->why.n ? ", and " : "";
	change->why = ck_str_format(maker->arena, "%.*s%sthe dtype changes from %s to %s", CK_STR_ARG(change->why), both,
				    ck_dtype_name(from->dtype), ck_dtype_name(to->dtype));
}

const struct ck_change *ck_change_find(struct ck_maker *maker, uint32_t from, uint32_t to)
{
	const uint32_t types[] = {from, to};
	struct ck_str key = {(const char *)types, sizeof(types)};
	size_t at;
	if (ck_map_get(&maker->change_numbers, key, &at))
		return maker->changes[at];
	struct ck_change *change = ck_arena_alloc(maker->arena, sizeof(*change));
	if (!change)
		return NULL;
	find(maker, &maker->types[from], &maker->types[to], change);
	key = ck_str_copy(maker->arena, key);
	if (!key.p || !ck_map_put(&maker->change_numbers, key, maker->n_changes) ||
	    !ck_arena_grow(maker->arena, (void **)&maker->changes, maker->n_changes, &maker->changes_capacity, sizeof(*maker->changes)))
		return NULL;
	maker->changes[maker->n_changes++] = change;
	return change;
}

/* ---- several to one, one to several */

/* The axis along which the n shapes make up `whole`; the sizes there add up. SIZE_MAX: none. */
static size_t joined_axis(const struct ck_maker *maker, const uint32_t *parts, size_t n, struct ck_shape whole)
{
	size_t found = SIZE_MAX;
	for (size_t axis = 0; axis < whole.rank; axis++) {
		uint64_t sum = 0;
		bool good = true;
		for (size_t i = 0; i < n && good; i++) {
			struct ck_shape part = maker->types[parts[i]].shape;
			good = part.rank == whole.rank;
			for (size_t k = 0; k < whole.rank && good; k++)
				good = k == axis || part.dims[k] == whole.dims[k];
			good = good && ck_add(sum, part.dims[axis], &sum);
		}
		if (good && sum == whole.dims[axis])
			found = axis;
	}
	return found;
}

/* The new axis of size n along which equal shapes are stacked to `whole`; *ret_again when there are several. */
static size_t stacked_axis(const struct ck_maker *maker, const uint32_t *parts, size_t n, struct ck_shape whole, bool *ret_again)
{
	struct ck_shape part = maker->types[parts[0]].shape;
	size_t found = SIZE_MAX;
	if (whole.rank != part.rank + 1)
		return SIZE_MAX;
	for (size_t i = 1; i < n; i++) {
		if (parts[i] != parts[0])
			return SIZE_MAX;
	}
	for (size_t axis = 0; axis < whole.rank; axis++) {
		bool good = whole.dims[axis] == n;
		for (size_t k = 0; k < part.rank && good; k++)
			good = part.dims[k] == whole.dims[k + (k >= axis)];
		if (!good)
			continue;
		*ret_again = found != SIZE_MAX;
		if (found == SIZE_MAX)
			found = axis;
	}
	return found;
}

static bool may_join(const struct ck_maker *maker, const uint32_t *parts, size_t n, uint32_t whole)
{
	const struct ck_kind *to = &maker->types[whole];
	for (size_t i = 0; i < n; i++) {
		const struct ck_kind *from = &maker->types[parts[i]];
		if (from->dtype != to->dtype || from->kind != CK_VARIABLE || to->kind != CK_VARIABLE ||
		    !ck_dtype_info(to->dtype)->in_language)
			return false;
	}
	return n > 1;
}

static const struct ck_change *join(struct ck_maker *maker, const uint32_t *parts, size_t n, uint32_t whole)
{
	bool again = false;
	struct ck_shape to = maker->types[whole].shape;
	struct ck_change *change = may_join(maker, parts, n, whole) ? ck_arena_alloc(maker->arena, sizeof(*change)) : NULL;
	if (!change)
		return NULL;
	size_t axis = joined_axis(maker, parts, n, to);
	if (axis != SIZE_MAX) {
		say(maker, change, CK_CHANGE_CONCAT, ck_str_format(maker->arena, "concat(axis=%zu)", axis), "");
		change->why = ck_str_format(maker->arena, "the sizes of axis %zu add up", axis);
		return change;
	}
	axis = stacked_axis(maker, parts, n, to, &again);
	if (axis == SIZE_MAX)
		return NULL;
	say(maker, change, CK_CHANGE_STACK, ck_str_format(maker->arena, "stack(axis=%zu)", axis), "");
	change->why = ck_str_format(maker->arena, "axis %zu is new and counts them", axis);
	change->ambiguous = again;
	return change;
}

static const struct ck_change *part(struct ck_maker *maker, uint32_t whole, const uint32_t *parts, size_t n)
{
	bool again = false, equal = true;
	struct ck_shape from = maker->types[whole].shape;
	struct ck_change *change = may_join(maker, parts, n, whole) ? ck_arena_alloc(maker->arena, sizeof(*change)) : NULL;
	struct ck_buf text = {0};
	if (!change)
		return NULL;
	size_t axis = joined_axis(maker, parts, n, from);
	if (axis == SIZE_MAX) {
		axis = stacked_axis(maker, parts, n, from, &again);
		if (axis == SIZE_MAX)
			return NULL;
		say(maker, change, CK_CHANGE_UNSTACK, ck_str_format(maker->arena, "unstack(axis=%zu)", axis), "");
		change->why = ck_str_format(maker->arena, "axis %zu counts them", axis);
		change->ambiguous = again;
		return change;
	}
	for (size_t i = 1; i < n; i++)
		equal = equal && parts[i] == parts[0];
	ck_buf_printf(&text, equal ? "split(axis=%zu, parts=%zu)" : "split(axis=%zu, sizes=[", axis, n);
	for (size_t i = 0; i < n && !equal; i++)
		ck_buf_printf(&text, "%s%" PRIu64 "%s", i ? ", " : "", maker->types[parts[i]].shape.dims[axis], i + 1 == n ? "])" : "");
	say(maker, change, CK_CHANGE_SPLIT, ck_str_copy(maker->arena, ck_buf_view(&text)), "");
	change->why = ck_str_format(maker->arena, "the sizes of axis %zu add up", axis);
	maker->failed |= text.failed;
	ck_buf_clear(&text);
	return change;
}

const struct ck_change *ck_change_fused(struct ck_maker *maker, const uint32_t *parts, size_t n, uint32_t whole, bool to_parts)
{
	return to_parts ? part(maker, whole, parts, n) : join(maker, parts, n, whole);
}
