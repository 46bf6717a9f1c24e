#include "vm/op.h"

#include <criterion/criterion.h>
#include <string.h>

Test(vm_op, rows_are_found)
{
	for (size_t i = 0; ck_op_at(i); i++) {
		const struct ck_op_info *op = ck_op_at(i);
		bool written = op->arity != CK_ARITY_MACHINE && op->op != CK_OP_INDEX;

		cr_expect_eq(ck_op_info(op->op), op, "%s", op->name);
		cr_expect_eq(ck_op_find(ck_str(op->name)), written ? op : NULL, "%s", op->name);
		cr_expect(strlen(op->doc) > 0, "%s", op->name);
		if (op->inverse[0]) {
			const struct ck_op_info *inverse = ck_op_find(ck_str(op->inverse));

			cr_expect(inverse, "%s: no operator %s", op->name, op->inverse);
		}
		for (size_t j = 0; j < op->n_params; j++) {
			cr_expect(op->params[j].kind < CK_PARAM_SUBJECT, "%s", op->name);
			cr_expect(!op->params[j].rest_keywords || j + 1 == op->n_params, "%s: keywords come last", op->name);
		}
	}
	for (size_t i = 0; ck_fill_at(i); i++) {
		cr_expect_eq(ck_fill_info(ck_fill_at(i)->fill), ck_fill_at(i));
		cr_expect_eq(ck_fill_find(ck_str(ck_fill_at(i)->name)), ck_fill_at(i));
		/* A fill with arguments left out has the defaults, so that with=zeros is whole. */
		for (size_t j = 0; j < ck_fill_at(i)->n_params; j++)
			cr_expect(!ck_fill_at(i)->params[j].optional && ck_fill_at(i)->params[j].kind <= CK_PARAM_NUMBER);
	}
	for (size_t i = 0; ck_function_at(i); i++) {
		const struct ck_function_info *function = ck_function_at(i);

		cr_expect_eq(ck_function_info(function->function), function);
		cr_expect_eq(ck_function_find(ck_str(function->name), function->phase != CK_PHASE_WHERE), function);
		cr_expect(function->phase == CK_PHASE_WHERE || function->params[0].kind == CK_PARAM_SUBJECT, "%s", function->name);
	}
	cr_expect_null(ck_op_info(0));
	cr_expect_null(ck_op_info(255));
	cr_expect_null(ck_op_info(UINT32_MAX));
	cr_expect_null(ck_op_find(CK_STR("LOAD")));
	cr_expect_null(ck_op_find(CK_STR("[]")));
	cr_expect_null(ck_fill_info(0));
	cr_expect_null(ck_function_info(9999));
}

Test(vm_op, parameters)
{
	const struct ck_op_info *op = ck_op_info(CK_OP_CONCAT);

	cr_assert_eq(op->n_params, 5);
	cr_expect(!op->params[0].keyword_only && op->params[0].kind == CK_PARAM_INT && !op->params[0].optional);
	cr_expect(op->params[1].keyword_only && op->params[1].kind == CK_PARAM_CAPTURE && op->params[1].optional);
	cr_expect(op->params[2].kind == CK_PARAM_WORD && ck_str_equal(op->params[2].words, CK_STR("error|allow")));
	cr_expect(ck_str_equal(op->params[2].default_text, CK_STR("error")) && !op->params[2].optional);
	cr_expect_eq(ck_param_index(op->params, op->n_params, "ragged"), 3);
	cr_expect_eq(ck_param_index(op->params, op->n_params, "axi"), op->n_params);
	cr_expect(ck_op_info(CK_OP_TRANSPOSE)->params[0].rest_positional);
	cr_expect(ck_op_info(CK_OP_REARRANGE)->params[1].rest_keywords);
	cr_expect(ck_str_equal(ck_op_info(CK_OP_REARRANGE)->params[1].name, CK_STR("sizes")));
	op = ck_op_info(CK_OP_SLICE);
	cr_expect(!op->params[3].keyword_only && ck_str_equal(op->params[3].default_text, CK_STR("1")));
	cr_expect(ck_words_have(CK_STR("a|bc"), CK_STR("bc")) && !ck_words_have(CK_STR("a|bc"), CK_STR("b")));
}

Test(vm_op, types_as_text)
{
	static const int64_t dims[] = { 2, -1 };
	static const struct {
		struct ck_type type;
		const char *text;
		bool known;
	} rows[] = {
		{ { CK_DT_F32, 2, dims }, "f32[2, _]", false },	    { { CK_DT_F32, 1, dims }, "f32[2]", true },
		{ { CK_DT_BF16, 0, NULL }, "bf16[]", true },	    { { CK_DT_NONE, -1, NULL }, "_[...]", false },
		{ { CK_DT_NONE, 1, dims }, "_[2]", false },
	};

	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_buf buf = { 0 };

		ck_buf_type(&buf, &rows[i].type);
		cr_expect(ck_str_equal(ck_buf_view(&buf), ck_str(rows[i].text)), "%.*s", (int)buf.n, buf.p);
		cr_expect_eq(ck_type_known(&rows[i].type), rows[i].known, "%s", rows[i].text);
		ck_buf_clear(&buf);
	}
}
