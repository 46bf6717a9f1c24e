/* Dtypes and shapes. */
#ifndef CK_BUNDLE_DTYPE_H
#define CK_BUNDLE_DTYPE_H

#include "bundle/base/diag.h"

/* The values are TensorFlow's DataType numbers. */
enum ck_dtype {
	CK_DT_NONE = 0,
#define CK_DTYPE(wire, NAME, name, tensorflow, width, class) CK_DT_##NAME = (wire),
#include "bundle/dtype.def"
#undef CK_DTYPE
	CK_DT_END,
};

enum ck_dtype_class {
	CK_CLASS_FLOAT, CK_CLASS_INT, CK_CLASS_UINT, CK_CLASS_BOOL, CK_CLASS_COMPLEX, CK_CLASS_STRING, CK_CLASS_OPAQUE,
};

struct ck_dtype_info {
	const char *name;	/* in the language; for opaque ones TensorFlow's, so that it can always be printed */
	const char *tensorflow;
	uint8_t width;		/* bytes of an element; 0: no fixed width */
	enum ck_dtype_class class;
	bool in_language;
};

/* NULL for numbers that are no dtype of data (0, unknown ones, references such as 101). */
const struct ck_dtype_info *ck_dtype_info(uint32_t wire);
const char *ck_dtype_name(enum ck_dtype dtype);	/* "f32"; "_" for CK_DT_NONE */
size_t ck_dtype_width(enum ck_dtype dtype);
enum ck_dtype_class ck_dtype_class(enum ck_dtype dtype);
/* By the language's name; CK_DT_NONE when there is no such dtype. */
enum ck_dtype ck_dtype_find(struct ck_str name);
/* For a word that is no dtype of the language: TensorFlow's name of one is explained, else did you mean. */
void ck_dtype_help(struct ck_diags *diags, struct ck_diag *diag, struct ck_str word);
/* Helps when the word is what others call a dtype, such as `float32`; returns whether it is. */
bool ck_dtype_other_name(struct ck_diags *diags, struct ck_diag *diag, struct ck_str word);

/* A fully known shape. dims is borrowed from some arena. Rank 0 is a scalar. */
struct ck_shape {
	size_t rank;
	const uint64_t *dims;
};

/* Number of elements; false when it overflows 63 bits. */
CK_NODISCARD bool ck_shape_elems(struct ck_shape shape, uint64_t *ret_n_elems);
bool ck_shape_equal(struct ck_shape a, struct ck_shape b);
/* "[2, 3]"; "[]" for a scalar. compact prints "[2,3]". */
void ck_buf_shape(struct ck_buf *buf, struct ck_shape shape, bool compact);

#endif
