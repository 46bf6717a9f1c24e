#include <inttypes.h>

#include "bundle/dtype.h"

bool ck_shape_elems(struct ck_shape shape, uint64_t *ret_n_elems)
{
	uint64_t product = 1;
	bool empty = false;
	/* An empty tensor has no elements however large its other dimensions are, but these must have a product all the same:
	 * TensorFlow refuses such a shape, and strides are computed from it. */
	for (size_t i = 0; i < shape.rank; i++) {
		empty = empty || shape.dims[i] == 0;
		if (shape.dims[i] > INT64_MAX || (shape.dims[i] && !ck_mul(product, shape.dims[i], &product)) || product > INT64_MAX)
			return false;
	}
	*ret_n_elems = empty ? 0 : product;
	return true;
}

bool ck_shape_equal(struct ck_shape a, struct ck_shape b)
{
	if (a.rank != b.rank)
		return false;
	for (size_t i = 0; i < a.rank; i++) {
		if (a.dims[i] != b.dims[i])
			return false;
	}
	return true;
}

void ck_buf_shape(struct ck_buf *buf, struct ck_shape shape, bool compact)
{
	ck_buf_char(buf, '[');
	for (size_t i = 0; i < shape.rank; i++)
		ck_buf_printf(buf, "%s%" PRIu64, i == 0 ? "" : compact ? "," : ", ", shape.dims[i]);
	ck_buf_char(buf, ']');
}
