/* In which order the axes of a view lie in its sources. */
#include <string.h>

#include "vm/view_node.h"

static uint64_t n_elems(const struct ck_view *view)
{
	uint64_t n = 1;

	for (size_t i = 0; i < view->rank; i++)
		n *= view->dims[i];
	return n;
}

static const struct ck_view *largest_operand(const struct ck_view *view)
{
	const struct ck_view *largest = view->operands[0];

	for (size_t i = 1; i < view->n_operands; i++)
		if (n_elems(view->operands[i]) > n_elems(largest))
			largest = view->operands[i];
	return largest;
}

static void identity(const struct ck_view *view, uint8_t *ret_order)
{
	for (size_t i = 0; i < view->rank; i++)
		ret_order[i] = (uint8_t)i;
}

/* Axes that come from nowhere lie outermost. */
static void order_of_map(const struct ck_view *view, const uint8_t *below, uint8_t *ret_order)
{
	bool mapped[CK_MAX_RANK + 1] = { false };
	size_t n = 0;

	for (size_t j = 0; j < view->operands[0]->rank; j++)
		if (view->map.from[j] != SIZE_MAX)
			mapped[view->map.from[j]] = true;
	for (size_t i = 0; i < view->rank; i++)
		if (!mapped[i])
			ret_order[n++] = (uint8_t)i;
	for (size_t j = 0; j < view->operands[0]->rank; j++)
		if (view->map.from[below[j]] != SIZE_MAX)
			ret_order[n++] = (uint8_t)view->map.from[below[j]];
}

/* A merged axis lies where the last of its operand's axes does. */
static void order_of_merge(const struct ck_view *view, const uint8_t *below, uint8_t *ret_order)
{
	size_t n = 0;

	for (size_t j = 0; j < view->operands[0]->rank; j++)
		for (size_t i = 0; i < view->rank; i++)
			if (view->first[i + 1] > view->first[i] && below[j] == view->first[i + 1] - 1)
				ret_order[n++] = (uint8_t)i;
	CK_ASSERT(n == view->rank);
}

static void order_of_split(const struct ck_view *view, const uint8_t *below, uint8_t *ret_order)
{
	size_t n = 0;

	for (size_t j = 0; j < view->operands[0]->rank; j++)
		for (size_t i = view->first[below[j]]; i < view->first[below[j] + 1]; i++)
			ret_order[n++] = (uint8_t)i;
	CK_ASSERT(n == view->rank);
}

static void order_of_mean(const struct ck_view *view, const uint8_t *below, uint8_t *ret_order)
{
	size_t n = 0;

	for (size_t j = 0; j < view->operands[0]->rank; j++)
		if (below[j] != view->mean.axis)
			ret_order[n++] = (uint8_t)(below[j] - (below[j] > view->mean.axis));
}

void ck_view_order(const struct ck_view *view, uint8_t *ret_order)
{
	uint8_t below[CK_MAX_RANK + 1] = { 0 };

	if (!view->n_operands) {
		identity(view, ret_order);
		return;
	}
	ck_view_order(largest_operand(view), below);
	switch (view->kind) {
	case CK_VIEW_MAP:
		order_of_map(view, below, ret_order);
		return;
	case CK_VIEW_MERGE:
		order_of_merge(view, below, ret_order);
		return;
	case CK_VIEW_SPLIT:
		order_of_split(view, below, ret_order);
		return;
	case CK_VIEW_MEAN_AXIS:
		order_of_mean(view, below, ret_order);
		return;
	case CK_VIEW_LOAD:
	case CK_VIEW_FILL:
	case CK_VIEW_CONCAT:
	case CK_VIEW_TAKE:
	case CK_VIEW_CAST:
	case CK_VIEW_SCALE:
	case CK_VIEW_SHIFT:
	case CK_VIEW_NEG:
	case CK_VIEW_ADD:
	case CK_VIEW_MEAN_MEMBERS:
	case CK_VIEW_CACHE:
		memcpy(ret_order, below, view->rank);
		return;
	}
}
