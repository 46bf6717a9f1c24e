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

void ck_dtype_offer_names(struct ck_suggest *suggest)
{
	for (uint32_t wire = 1; wire < CK_DT_END; wire++) {
		if (infos[wire].in_language)
			ck_suggest_offer(suggest, ck_str(infos[wire].name));
	}
}
