#include "bundle/dtype.h"

#define IN_LANGUAGE(name) (sizeof(name) > 1)

static const struct ck_dtype_info infos[CK_DT_END] = {
#define CK_DTYPE(wire, NAME, text, tensorflow_text, width_bytes, class_name) \
	[wire] = {IN_LANGUAGE(text) ? (text) : (tensorflow_text), (tensorflow_text), (width_bytes), CK_CLASS_##class_name, \
		  IN_LANGUAGE(text)},
#include "bundle/dtype.def"
#undef CK_DTYPE
};

const struct ck_dtype_info *ck_dtype_info(uint32_t wire)
{
	return wire < CK_DT_END && infos[wire].name ? &infos[wire] : NULL;
}

const char *ck_dtype_name(enum ck_dtype dtype)
{
	const struct ck_dtype_info *info = ck_dtype_info((uint32_t)dtype);
	return info ? info->name : "_";
}

size_t ck_dtype_width(enum ck_dtype dtype)
{
	const struct ck_dtype_info *info = ck_dtype_info((uint32_t)dtype);
	return info ? info->width : 0;
}

enum ck_dtype_class ck_dtype_class(enum ck_dtype dtype)
{
	const struct ck_dtype_info *info = ck_dtype_info((uint32_t)dtype);
	return info ? info->class : CK_CLASS_OPAQUE;
}

enum ck_dtype ck_dtype_find(struct ck_str name)
{
	for (uint32_t wire = 1; wire < CK_DT_END; wire++) {
		if (infos[wire].in_language && ck_str_equal(name, ck_str(infos[wire].name)))
			return (enum ck_dtype)wire;
	}
	return CK_DT_NONE;
}

bool ck_dtype_other_name(struct ck_diags *diags, struct ck_diag *diag, struct ck_str word)
{
	/* What C, PyTorch and people call them. */
	static const char *const others[][2] = {
		{ "float", "f32" }, { "double", "f64" }, { "half", "f16" }, { "int", "i32` or `i64" }, { "long", "i64" }, { "fp64", "f64" },
		{ "fp32", "f32" }, { "fp16", "f16" }, { "fp8", "f8e4m3fn` or `f8e5m2" }, { "byte", "u8" }, { "str", "string" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (ck_str_equal(word, ck_str(others[i][0]))) {
			ck_diag_help(diags, diag, "%s is written `%s` here", others[i][0], others[i][1]);
			return true;
		}
	for (uint32_t wire = 1; wire < CK_DT_END; wire++) {
		if (!infos[wire].name || !ck_str_equal(word, ck_str(infos[wire].tensorflow)))
			continue;
		if (infos[wire].in_language)
			ck_diag_help(diags, diag, "TensorFlow's %s is written `%s` here", infos[wire].tensorflow, infos[wire].name);
		else
			ck_diag_help(diags, diag, "tensors of TensorFlow's %s can be mapped to another name, kept or dropped, and no more",
				     infos[wire].tensorflow);
		return true;
	}
	return false;
}

void ck_dtype_help(struct ck_diags *diags, struct ck_diag *diag, struct ck_str word)
{
	struct ck_suggest suggest;

	if (ck_dtype_other_name(diags, diag, word))
		return;
	ck_suggest_init(&suggest, word);
	for (uint32_t wire = 1; wire < CK_DT_END; wire++)
		if (infos[wire].in_language)
			ck_suggest_offer(&suggest, ck_str(infos[wire].name));
	ck_suggest_help(&suggest, diags, diag, "`");
}
