/* Operators, arguments and types written as text, for tables: "concat(axis=1)", "f32[2,_] f32[...]". Nothing is checked. */
#ifndef TESTS_UNIT_VM_VALUE_H
#define TESTS_UNIT_VM_VALUE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "vm/op.h"

static struct ck_value read_value(struct ck_arena *arena, const char **p, const struct ck_param *param);

static inline bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static inline void skip(const char **p, char c)
{
	while (**p == ' ' || **p == c)
		(*p)++;
}

/* Items up to `end`, which is skipped. */
static inline struct ck_value read_list(struct ck_arena *arena, const char **p, char end, const struct ck_param *params, size_t n_params)
{
	struct ck_value list = { .kind = CK_EXPR_LIST, .items = ck_arena_array(arena, 300, sizeof(*list.items)) };

	for (skip(p, ' '); **p != end; skip(p, ','))
		list.items[list.n_items] = read_value(arena, p, list.n_items < n_params ? &params[list.n_items] : NULL), list.n_items++;
	(*p)++;
	return list;
}

static inline struct ck_value read_fill(struct ck_arena *arena, struct ck_str name, const char **p)
{
	const struct ck_fill_info *fill = ck_fill_find(name);
	struct ck_value value = { .kind = CK_EXPR_LIST };

	cr_assert(fill, "fill %.*s", CK_STR_ARG(name));
	if (**p == '(') {
		(*p)++;
		value = read_list(arena, p, ')', fill->params, fill->n_params);
	} else {
		value.items = ck_arena_array(arena, 8, sizeof(*value.items));
	}
	value.kind = CK_EXPR_FILL;
	value.index = fill->fill;
	while (value.n_items < fill->n_params) {
		const char *text = fill->params[value.n_items].default_text.p;

		value.items[value.n_items++] = read_value(arena, &text, NULL);
	}
	return value;
}

/* A number, [list], 'text', word, dtype or fill (the parameter says which), `none`, or ? for what is unknown. */
static struct ck_value read_value(struct ck_arena *arena, const char **p, const struct ck_param *param)
{
	struct ck_value value = { 0 };
	const char *begin;
	char *end;

	skip(p, ' ');
	begin = *p;
	if (**p == '?') {
		(*p)++;
		return (struct ck_value){ .unknown = true };
	}
	if (**p == '[') {
		(*p)++;
		return read_list(arena, p, ']', NULL, 0);
	}
	if (**p == '\'') {
		*p = strchr(begin + 1, '\'') + 1;
		return (struct ck_value){ .kind = CK_EXPR_TEXT, .text = { begin + 1, (size_t)(*p - begin - 2) } };
	}
	if (**p == '-' || (**p >= '0' && **p <= '9')) {
		value.integer = strtoll(begin, &end, 10);
		value.kind = *end == '.' || *end == 'e' ? CK_EXPR_FLOAT : CK_EXPR_INT;
		value.number = value.kind == CK_EXPR_FLOAT ? strtod(begin, &end) : 0;
		*p = end;
		return value;
	}
	while (is_word_char(**p))
		(*p)++;
	value.text = (struct ck_str){ begin, (size_t)(*p - begin) };
	value.kind = CK_EXPR_WORD;
	cr_assert(value.text.n, "no value: %s", begin);
	if (ck_str_equal(value.text, CK_STR("none")))
		return (struct ck_value){ 0 };
	if (param && param->kind == CK_PARAM_DTYPE)
		return (struct ck_value){ .kind = CK_EXPR_DTYPE, .index = ck_dtype_find(value.text) };
	if (param && param->kind == CK_PARAM_FILL)
		return read_fill(arena, value.text, p);
	return value;
}

static inline void append(struct ck_arena *arena, struct ck_value *list, struct ck_value item)
{
	if (!list->items)
		list->items = ck_arena_array(arena, 300, sizeof(*list->items));
	list->kind = CK_EXPR_LIST;
	list->items[list->n_items++] = item;
}

/* The parameter of an argument: by its keyword, which is skipped, or by position. */
static inline size_t read_param(const struct ck_op_info *op, const char **p, size_t position, struct ck_str *ret_keyword)
{
	const char *end = *p;
	size_t i;

	*ret_keyword = (struct ck_str){ 0 };
	while (is_word_char(*end))
		end++;
	if (*end != '=' || end == *p) {
		for (i = 0; i < position; i++)
			if (op->params[i].rest_positional)
				return i;
		return position;
	}
	*ret_keyword = (struct ck_str){ *p, (size_t)(end - *p) };
	*p = end + 1;
	for (i = 0; i < op->n_params && !ck_str_equal(op->params[i].name, *ret_keyword);)
		i++;
	return i < op->n_params && !op->params[i].rest_keywords ? i : op->n_params - 1;
}

/* "pad(axis=0, after=1, with=mean)": returns the operator and its arguments with defaults filled in. "[]" is the index. */
static inline const struct ck_op_info *read_call(struct ck_arena *arena, const char *text, struct ck_value **ret_args)
{
	size_t n_name = strcspn(text, "(");
	struct ck_str name = { text, n_name };
	const struct ck_op_info *op = ck_str_equal(name, CK_STR("[]")) ? ck_op_info(CK_OP_INDEX) : ck_op_find(name);
	struct ck_value *args = ck_arena_array(arena, CK_MAX_PARAMS, sizeof(*args));
	const char *p = text + n_name;
	size_t position = 0;

	cr_assert(op, "no operator: %s", text);
	if (*p == '(')
		p++;
	for (skip(&p, ' '); *p && *p != ')'; skip(&p, ',')) {
		struct ck_str keyword;
		size_t i = read_param(op, &p, position++, &keyword);

		cr_assert(i < op->n_params, "no parameter: %s", text);
		struct ck_value value = read_value(arena, &p, &op->params[i]);
		if (op->params[i].rest_keywords) {
			struct ck_value *item = ck_arena_alloc(arena, sizeof(*item));

			*item = value;
			value = (struct ck_value){ .kind = CK_EXPR_NAMED, .text = keyword, .items = item, .n_items = 1 };
		}
		if (op->params[i].rest_positional || op->params[i].rest_keywords)
			append(arena, &args[i], value);
		else
			args[i] = value;
	}
	for (size_t i = 0; i < op->n_params; i++) {
		const char *given = op->params[i].default_text.p;

		if (op->params[i].rest_positional || op->params[i].rest_keywords)
			args[i].kind = CK_EXPR_LIST;
		else if (args[i].kind == CK_EXPR_NONE && !args[i].unknown && op->params[i].default_text.n)
			args[i] = read_value(arena, &given, &op->params[i]);
	}
	*ret_args = args;
	return op;
}

/* One type: "f32[2,_]", "_[...]". */
static inline struct ck_type read_type(struct ck_arena *arena, const char **p)
{
	int64_t *dims = ck_arena_array(arena, 300, sizeof(*dims));
	struct ck_type type = { .dims = dims };
	const char *begin = *p;
	char *end;

	*p = strchr(begin, '[');
	cr_assert(*p, "no type: %s", begin);
	type.dtype = ck_dtype_find((struct ck_str){ begin, (size_t)(*p - begin) });
	if (strncmp(begin, "variant", 7) == 0)
		type.dtype = CK_DT_VARIANT;
	for ((*p)++; **p != ']'; skip(p, ',')) {
		if (**p == '.') {
			type.rank = -1;
			*p += 3;
		} else if (**p == '_') {
			dims[type.rank++] = -1;
			(*p)++;
		} else {
			dims[type.rank++] = strtoll(*p, &end, 10);
			*p = end;
		}
	}
	(*p)++;
	return type;
}

static inline size_t read_types(struct ck_arena *arena, const char *text, struct ck_type **ret_types)
{
	struct ck_type *types = ck_arena_array(arena, 64, sizeof(*types));
	size_t n = 0;

	for (skip(&text, ' '); *text; skip(&text, ' '))
		types[n++] = read_type(arena, &text);
	*ret_types = types;
	return n;
}

#endif
