#include "bundle/dtype.h"

#include <criterion/criterion.h>
#include <string.h>

Test(bundle_dtype, the_table)
{
	size_t n = 0;
	for (uint32_t wire = 0; wire < 200; wire++) {
		const struct ck_dtype_info *info = ck_dtype_info(wire);
		if (!info)
			continue;
		n++;
		cr_expect_str_eq(ck_dtype_name((enum ck_dtype)wire), info->name);
		cr_expect_eq(ck_dtype_width((enum ck_dtype)wire), info->width);
		cr_expect_eq(ck_dtype_find(ck_str(info->name)), info->in_language ? wire : CK_DT_NONE, "%s", info->name);
		cr_expect(info->in_language || strcmp(info->name, info->tensorflow) == 0, "%s", info->name);
	}
	cr_expect_eq(n, 33);
	cr_expect_null(ck_dtype_info(CK_DT_NONE));
	cr_expect_null(ck_dtype_info(101));
	cr_expect_null(ck_dtype_info(UINT32_MAX));
	cr_expect_str_eq(ck_dtype_name(CK_DT_NONE), "_");
	cr_expect_eq(ck_dtype_find(CK_STR("float32")), CK_DT_NONE);
	cr_expect_eq(ck_dtype_find(CK_STR("qint8")), CK_DT_NONE);
	cr_expect_eq(ck_dtype_find(CK_STR("bf16")), CK_DT_BF16);
	cr_expect_eq(ck_dtype_class(CK_DT_C128), CK_CLASS_COMPLEX);
	cr_expect_eq(ck_dtype_width(CK_DT_C128), 16);
	cr_expect_eq(ck_dtype_width(CK_DT_STRING), 0);
}

Test(bundle_dtype, help)
{
	static const char *const rows[][2] = {
		{"bf61", "did you mean `bf16`?"},
		{"float32", "TensorFlow's float32 is written `f32` here"},
		{"variant", "tensors of TensorFlow's variant can be mapped to another name, kept or dropped, and no more"},
		{"float", "float is written `f32` here"},
		{"int", "int is written `i32` or `i64` here"},
		{"nothing", NULL},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_diags diags;
		cr_assert(ck_diags_init(&diags));
		struct ck_diag *diag = ck_error(&diags, CK_UNKNOWN_OPERATOR, (struct ck_span){0}, "there is no dtype");
		ck_dtype_help(&diags, diag, ck_str(rows[i][0]));
		cr_expect_eq(diag->n_helps, rows[i][1] != NULL, "%s", rows[i][0]);
		if (rows[i][1] && diag->n_helps)
			cr_expect(ck_str_equal(diag->helps[0], ck_str(rows[i][1])), "%s", rows[i][0]);
		ck_diags_clear(&diags);
	}
}

Test(bundle_dtype, shapes)
{
	static const struct {
		size_t rank;
		uint64_t dims[4], n_elems;
		bool fits;
		const char *text, *compact;
	} rows[] = {
		{0, {0}, 1, true, "[]", "[]"},
		{1, {0}, 0, true, "[0]", "[0]"},
		{2, {2, 3}, 6, true, "[2, 3]", "[2,3]"},
		{3, {7, 0, 9}, 0, true, "[7, 0, 9]", "[7,0,9]"},
		{2, {INT64_MAX, 1}, INT64_MAX, true, "[9223372036854775807, 1]", "[9223372036854775807,1]"},
		{2, {(uint64_t)1 << 32, (uint64_t)1 << 31}, 0, false, "[4294967296, 2147483648]", "[4294967296,2147483648]"},
		{1, {UINT64_MAX}, 0, false, "[18446744073709551615]", "[18446744073709551615]"},
		{3, {(uint64_t)1 << 40, 0, (uint64_t)1 << 40}, 0, false, "[1099511627776, 0, 1099511627776]", "[1099511627776,0,1099511627776]"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_shape shape = {rows[i].rank, rows[i].dims};
		struct ck_buf text = {0};
		uint64_t n = 99;
		cr_expect_eq(ck_shape_elems(shape, &n), rows[i].fits, "%s", rows[i].text);
		cr_expect_eq(n, rows[i].fits ? rows[i].n_elems : 99, "%s", rows[i].text);
		ck_buf_shape(&text, shape, false);
		cr_expect(ck_str_equal(ck_buf_view(&text), ck_str(rows[i].text)), "%s", rows[i].text);
		text.n = 0;
		ck_buf_shape(&text, shape, true);
		cr_expect(ck_str_equal(ck_buf_view(&text), ck_str(rows[i].compact)), "%s", rows[i].compact);
		ck_buf_clear(&text);
		for (size_t j = 0; j < CK_COUNT(rows); j++)
			cr_expect_eq(ck_shape_equal(shape, (struct ck_shape){rows[j].rank, rows[j].dims}), i == j);
	}
}
