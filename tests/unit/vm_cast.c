/* What the binder says of casts, against what conversions do to every value. */
#include <criterion/criterion.h>

#include "vm/bind_internal.h"
#include "vm/convert.h"

static const enum ck_dtype small[] = { CK_DT_F16, CK_DT_BF16, CK_DT_F8E4M3FN, CK_DT_F8E5M2, CK_DT_I16, CK_DT_U16,
				       CK_DT_I8,  CK_DT_U8,   CK_DT_I4,       CK_DT_U4,     CK_DT_BOOL };
static const enum ck_dtype all[] = { CK_DT_F64, CK_DT_F32, CK_DT_F16, CK_DT_BF16, CK_DT_F8E4M3FN, CK_DT_F8E5M2, CK_DT_I64, CK_DT_I32, CK_DT_I16,
				     CK_DT_I8,	CK_DT_I4,  CK_DT_U64, CK_DT_U32,  CK_DT_U16,	  CK_DT_U8,	CK_DT_U4,  CK_DT_BOOL };

/* Converts each value there is of a dtype of at most two bytes. */
static struct ck_cast_counts convert_all(enum ck_dtype from, enum ck_dtype to)
{
	struct ck_cast_counts counts = { 0 };
	size_t width = ck_dtype_width(from), n = from == CK_DT_BOOL ? 2 : (size_t)1 << 8 * width;

	for (size_t i = 0; i < n; i++) {
		uint8_t src[2] = { (uint8_t)i, (uint8_t)(i >> 8) }, dst[16];

		ck_convert(from, to, CK_OVERFLOW_SATURATE, src, dst, 1, &counts);
	}
	return counts;
}

static bool is_float(enum ck_dtype dtype)
{
	return ck_dtype_class(dtype) == CK_CLASS_FLOAT;
}

Test(vm_cast, widens)
{
	for (size_t i = 0; i < CK_COUNT(small); i++)
		for (size_t j = 0; j < CK_COUNT(all); j++) {
			struct ck_cast_counts counts = convert_all(small[i], all[j]);
			/* Of what is not finite a whole number keeps nothing. */
			bool exact = !counts.n_inexact && !counts.n_overflow && !counts.n_nan_made && (!is_float(small[i]) || is_float(all[j]));

			cr_expect_eq(ck_cast_widens(small[i], all[j]), exact, "%s to %s", ck_dtype_name(small[i]), ck_dtype_name(all[j]));
		}
}

Test(vm_cast, keeps_range)
{
	for (size_t i = 0; i < CK_COUNT(small); i++)
		for (size_t j = 0; j < CK_COUNT(all); j++) {
			bool overflows = convert_all(small[i], all[j]).n_overflow > 0;

			/* Floats to whole numbers lose their fractions, whatever fits. */
			if (is_float(small[i]) && !is_float(all[j]))
				overflows = true;
			cr_expect_eq(ck_cast_keeps_range(small[i], all[j]), !overflows, "%s to %s", ck_dtype_name(small[i]), ck_dtype_name(all[j]));
		}
}

/* Dtypes that are too large to try each value. */
Test(vm_cast, large)
{
	static const struct {
		enum ck_dtype from, to;
		bool widens, keeps_range;
	} rows[] = {
		{ CK_DT_F32, CK_DT_F64, true, true },	 { CK_DT_F64, CK_DT_F32, false, false },  { CK_DT_F32, CK_DT_F16, false, false },
		{ CK_DT_F32, CK_DT_BF16, false, true },	 { CK_DT_I32, CK_DT_F32, false, true },	  { CK_DT_I32, CK_DT_F64, true, true },
		{ CK_DT_I64, CK_DT_F64, false, true },	 { CK_DT_U64, CK_DT_F16, false, false },  { CK_DT_I64, CK_DT_I32, false, false },
		{ CK_DT_I32, CK_DT_I64, true, true },	 { CK_DT_I32, CK_DT_U64, false, false },  { CK_DT_U32, CK_DT_I64, true, true },
		{ CK_DT_C64, CK_DT_C128, true, true },	 { CK_DT_C128, CK_DT_C64, false, false }, { CK_DT_F32, CK_DT_F32, true, true },
		{ CK_DT_STRING, CK_DT_STRING, true, true }, { CK_DT_STRING, CK_DT_F32, false, false },
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		cr_expect_eq(ck_cast_widens(rows[i].from, rows[i].to), rows[i].widens, "row %zu", i);
		cr_expect_eq(ck_cast_keeps_range(rows[i].from, rows[i].to), rows[i].keeps_range, "row %zu", i);
	}
}
