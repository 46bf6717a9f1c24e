#include "compiler/driver/json.h"

#include <math.h>

json_t *ck_json_text(struct ck_str text)
{
	json_t *value = json_stringn(text.p ? text.p : "", text.n);
	if (value)
		return value;
	struct ck_buf escaped = {0};
	ck_buf_name(&escaped, text);
	value = escaped.failed ? NULL : json_stringn(escaped.p, escaped.n);
	ck_buf_clear(&escaped);
	return value;
}

json_t *ck_json_number(double number)
{
	if (isfinite(number))
		return json_real(number);
	return json_string(isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
}

json_t *ck_json_shape(struct ck_shape shape)
{
	json_t *array = json_array();
	for (size_t i = 0; array && i < shape.rank; i++) {
		if (json_array_append_new(array, json_integer((json_int_t)shape.dims[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

void ck_json_put(struct ck_buf *out, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		out->failed = true;
}

void ck_json_append(struct ck_buf *out, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		out->failed = true;
}

static int append(const char *bytes, size_t n, void *context)
{
	ck_buf_bytes(context, bytes, n);
	return 0;
}

void ck_json_print(struct ck_buf *out, json_t *value)
{
	if (json_dump_callback(value, append, out, JSON_INDENT(2)) != 0)
		out->failed = true;
	ck_buf_char(out, '\n');
	json_decref(value);
}
