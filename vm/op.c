/* The tables of operators, fills and functions: rows from the .def files, their parameters parsed once on first use. */
#include "vm/op.h"

#include <pthread.h>

/* Macro parameters end in _ where a field has their name. */
static struct ck_op_info ops[] = {
#define CK_OP(wire, NAME, name_, arity_, slots_, state_, parameters_, inverse_, doc_) \
	{ .op = (enum ck_op)(wire), .name = (name_), .arity = CK_ARITY_##arity_, .slots = CK_SLOTS_##slots_, \
	  .state = CK_STATE_##state_, .inverse = (inverse_), .doc = (doc_), .parameters = (parameters_) },
#include "vm/op.def"
#undef CK_OP
};

static struct ck_fill_info fills[] = {
#define CK_WHERE_ANY false
#define CK_WHERE_ROWS true
#define CK_FILL(wire, NAME, name_, state_, where, parameters_, doc_) \
	{ .fill = (enum ck_fill)(wire), .name = (name_), .state = CK_STATE_##state_, .rows_only = CK_WHERE_##where, \
	  .doc = (doc_), .parameters = (parameters_) },
#include "vm/fill.def"
#undef CK_FILL
#undef CK_WHERE_ANY
#undef CK_WHERE_ROWS
};

static struct ck_function_info functions[] = {
#define CK_FUNCTION(wire, NAME, name_, state_, phase_, result_, parameters_, doc_) \
	{ .function = (enum ck_function)(wire), .name = (name_), .state = CK_STATE_##state_, .phase = CK_PHASE_##phase_, \
	  .result = CK_RESULT_##result_, .doc = (doc_), .parameters = (parameters_) },
#include "vm/function.def"
#undef CK_FUNCTION
};

enum { MAX_WIRE = 256 };

/* 1 + position of the row, 0 for none. */
static uint8_t op_rows[MAX_WIRE], fill_rows[MAX_WIRE], function_rows[MAX_WIRE];

static const struct kind_name {
	struct ck_str name;
	enum ck_param_kind kind;
} kind_names[] = {
	{ { "int", 3 }, CK_PARAM_INT },		{ { "number", 6 }, CK_PARAM_NUMBER },	{ { "text", 4 }, CK_PARAM_TEXT },
	{ { "dtype", 5 }, CK_PARAM_DTYPE },	{ { "fill", 4 }, CK_PARAM_FILL },	{ { "list", 4 }, CK_PARAM_LIST },
	{ { "capture", 7 }, CK_PARAM_CAPTURE },	{ { "name", 4 }, CK_PARAM_NAME },	{ { "word", 4 }, CK_PARAM_WORD },
	{ { "subject", 7 }, CK_PARAM_SUBJECT },	{ { "expr", 4 }, CK_PARAM_EXPR },	{ { "template", 8 }, CK_PARAM_TEMPLATE },
};

static enum ck_param_kind parse_kind(struct ck_str name)
{
	size_t i = 0;

	while (i < CK_COUNT(kind_names) && !ck_str_equal(kind_names[i].name, name))
		i++;
	CK_ASSERT(i < CK_COUNT(kind_names));
	return kind_names[i].kind;
}

bool ck_words_have(struct ck_str words, struct ck_str word)
{
	while (words.n) {
		size_t end = ck_str_find(words, '|');

		if (ck_str_equal(ck_str_slice(words, 0, end), word))
			return true;
		words = ck_str_slice(words, end + 1, words.n);
	}
	return false;
}

/* "gaps:word(error|allow)=error" */
static struct ck_param parse_param(struct ck_str text, bool keyword_only)
{
	struct ck_param param = { .keyword_only = keyword_only };
	size_t end;

	param.rest_keywords = ck_str_starts(text, CK_STR("**"));
	param.rest_positional = !param.rest_keywords && ck_str_starts(text, CK_STR("*"));
	text = ck_str_slice(text, param.rest_keywords ? 2 : param.rest_positional, text.n);
	end = ck_str_find(text, ':');
	CK_ASSERT(end > 0 && end < text.n);
	param.name = ck_str_slice(text, 0, end);
	text = ck_str_slice(text, end + 1, text.n);
	end = ck_str_find(text, '=');
	if (end < text.n) {
		param.default_text = ck_str_slice(text, end + 1, text.n);
		CK_ASSERT(param.default_text.n);
	}
	text = ck_str_slice(text, 0, end);
	param.optional = ck_str_ends(text, CK_STR("?"));
	text = ck_str_slice(text, 0, text.n - param.optional);
	end = ck_str_find(text, '(');
	param.kind = parse_kind(ck_str_slice(text, 0, end));
	if (end < text.n) {
		CK_ASSERT(ck_str_ends(text, CK_STR(")")));
		param.words = ck_str_slice(text, end + 1, text.n - 1);
	}
	CK_ASSERT((param.kind == CK_PARAM_WORD) == (param.words.n > 0));
	CK_ASSERT(!(param.optional && param.default_text.n));
	CK_ASSERT(param.kind != CK_PARAM_WORD || !param.default_text.n || ck_words_have(param.words, param.default_text));
	return param;
}

static size_t parse_params(const char *text, struct ck_param params[CK_MAX_PARAMS])
{
	struct ck_str rest = ck_str(text);
	bool keyword_only = false;
	size_t n = 0;

	while (rest.n) {
		size_t end = ck_str_find(rest, ' ');
		struct ck_str token = ck_str_slice(rest, 0, end);

		CK_ASSERT(token.n);
		rest = ck_str_slice(rest, end + 1, rest.n);
		if (ck_str_equal(token, CK_STR("/"))) {
			keyword_only = true;
			continue;
		}
		CK_ASSERT(n < CK_MAX_PARAMS);
		params[n] = parse_param(token, keyword_only);
		for (size_t i = 0; i < n; i++)
			CK_ASSERT(!ck_str_equal(params[i].name, params[n].name));
		n++;
	}
	return n;
}

static void index_row(uint8_t rows[MAX_WIRE], uint32_t wire, size_t row)
{
	CK_ASSERT(wire > 0 && wire < MAX_WIRE && row < UINT8_MAX && !rows[wire]);
	rows[wire] = (uint8_t)(row + 1);
}

static void build(void)
{
	for (size_t i = 0; i < CK_COUNT(ops); i++) {
		index_row(op_rows, ops[i].op, i);
		ops[i].n_params = parse_params(ops[i].parameters, ops[i].params);
	}
	for (size_t i = 0; i < CK_COUNT(fills); i++) {
		index_row(fill_rows, fills[i].fill, i);
		fills[i].n_params = parse_params(fills[i].parameters, fills[i].params);
	}
	for (size_t i = 0; i < CK_COUNT(functions); i++) {
		index_row(function_rows, functions[i].function, i);
		functions[i].n_params = parse_params(functions[i].parameters, functions[i].params);
	}
}

/* Nothing reads a table but through this. */
static void ready(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	CK_ASSERT(pthread_once(&once, build) == 0);
}

const struct ck_op_info *ck_op_info(uint32_t wire)
{
	ready();
	return wire < MAX_WIRE && op_rows[wire] ? &ops[op_rows[wire] - 1] : NULL;
}

const struct ck_op_info *ck_op_find(struct ck_str name)
{
	ready();
	for (size_t i = 0; i < CK_COUNT(ops); i++)
		if (ops[i].arity != CK_ARITY_MACHINE && ops[i].op != CK_OP_INDEX && ck_str_equal(ck_str(ops[i].name), name))
			return &ops[i];
	return NULL;
}

const struct ck_fill_info *ck_fill_info(uint32_t wire)
{
	ready();
	return wire < MAX_WIRE && fill_rows[wire] ? &fills[fill_rows[wire] - 1] : NULL;
}

const struct ck_fill_info *ck_fill_find(struct ck_str name)
{
	ready();
	for (size_t i = 0; i < CK_COUNT(fills); i++)
		if (ck_str_equal(ck_str(fills[i].name), name))
			return &fills[i];
	return NULL;
}

const struct ck_function_info *ck_function_info(uint32_t wire)
{
	ready();
	return wire < MAX_WIRE && function_rows[wire] ? &functions[function_rows[wire] - 1] : NULL;
}

const struct ck_function_info *ck_function_find(struct ck_str name, bool in_check)
{
	ready();
	for (size_t i = 0; i < CK_COUNT(functions); i++)
		if ((functions[i].phase != CK_PHASE_WHERE) == in_check && ck_str_equal(ck_str(functions[i].name), name))
			return &functions[i];
	return NULL;
}

const struct ck_op_info *ck_op_at(size_t i)
{
	ready();
	return i < CK_COUNT(ops) ? &ops[i] : NULL;
}

const struct ck_fill_info *ck_fill_at(size_t i)
{
	ready();
	return i < CK_COUNT(fills) ? &fills[i] : NULL;
}

const struct ck_function_info *ck_function_at(size_t i)
{
	ready();
	return i < CK_COUNT(functions) ? &functions[i] : NULL;
}

size_t ck_param_index(const struct ck_param *params, size_t n_params, const char *name)
{
	size_t i = 0;

	while (i < n_params && !ck_str_equal(params[i].name, ck_str(name)))
		i++;
	return i;
}

bool ck_type_known(const struct ck_type *type)
{
	if (type->dtype == CK_DT_NONE || type->rank < 0)
		return false;
	for (int i = 0; i < type->rank; i++)
		if (type->dims[i] < 0)
			return false;
	return true;
}

static void buf_dims(struct ck_buf *buf, const struct ck_type *type)
{
	ck_buf_char(buf, '[');
	if (type->rank < 0)
		ck_buf_str(buf, CK_STR("..."));
	for (int i = 0; i < type->rank; i++) {
		ck_buf_str(buf, i ? CK_STR(", ") : CK_STR(""));
		if (type->dims[i] < 0)
			ck_buf_char(buf, '_');
		else
			ck_buf_printf(buf, "%lld", (long long)type->dims[i]);
	}
	ck_buf_char(buf, ']');
}

void ck_buf_type(struct ck_buf *buf, const struct ck_type *type)
{
	ck_buf_printf(buf, "%s", ck_dtype_name(type->dtype));
	buf_dims(buf, type);
}

struct ck_str ck_type_dims_text(struct ck_arena *arena, const struct ck_type *type)
{
	struct ck_buf buf = { 0 };
	struct ck_str text;

	buf_dims(&buf, type);
	text = ck_str_copy(arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text.p ? text : CK_STR("?");
}
