/* Building JSON with jansson: what it lacks. `out` is where it will be printed: out->failed is set when memory is short. */
#ifndef CK_DRIVER_JSON_H
#define CK_DRIVER_JSON_H

#include <jansson.h>

#include "bundle/manifest.h"

/* Text that is not UTF-8 comes escaped, as in names that are printed. */
json_t *ck_json_text(struct ck_str text);
/* NaN and infinities as strings: JSON has none. */
json_t *ck_json_number(double number);
json_t *ck_json_shape(struct ck_shape shape);
/* Both take the value; a NULL one is a failure. */
void ck_json_put(struct ck_buf *out, json_t *object, const char *key, json_t *value_take);
void ck_json_append(struct ck_buf *out, json_t *array, json_t *value_take);
/* Indented, with a newline at the end; frees it. */
void ck_json_print(struct ck_buf *out, json_t *value_take);

#endif
