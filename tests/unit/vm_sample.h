/* A small plan with something in every section, built by hand; tests change one thing in it. */
#ifndef TESTS_UNIT_VM_SAMPLE_H
#define TESTS_UNIT_VM_SAMPLE_H

#include <criterion/criterion.h>
#include <string.h>

#include "vm/op.h"

static struct ck_arena *arena;

/* The parts that tests change. */
struct sample {
	struct ck_plan plan;
	Ck__Plan__Code *code;
	Ck__Plan__Rule *map, *drop, *new, *keep;
	Ck__Plan__Insn *source, *type, *concat, *store, *fill;
	Ck__Plan__Piece *pieces[6];	/* "a/" {i:int} "/" {p:q,k} "/" * */
	Ck__Plan__Check *check;
	Ck__Plan__BoundCall *finite;	/* of the check, on all targets */
	Ck__Plan__Debug *debug;
	Ck__Plan__Bound *bound;
	Ck__Plan__Target *kept, *joined, *made;
};

#define MAKE(type, init) ((type *)make(sizeof(type), (void (*)(void *))(init)))

static inline void *make(size_t size, void (*init)(void *))
{
	void *message = ck_arena_alloc(arena, size);

	cr_assert(message);
	init(message);
	return message;
}

static inline ProtobufCBinaryData bytes_of(const char *text)
{
	return (ProtobufCBinaryData){ strlen(text), (uint8_t *)(uintptr_t)text };
}

/* A list of n pointers, in the arena. */
static inline void *list_of(size_t n, ...)
{
	void **list = ck_arena_array(arena, n + 1, sizeof(*list));
	va_list items;

	va_start(items, n);
	for (size_t i = 0; i < n; i++)
		list[i] = va_arg(items, void *);
	va_end(items);
	return list;
}

static inline Ck__Plan__Expr *expr_of(enum ck_expr_kind kind, int64_t integer, uint32_t index)
{
	Ck__Plan__Expr *expr = MAKE(Ck__Plan__Expr, ck__plan__expr__init);

	expr->kind = kind;
	expr->integer = integer;
	expr->index = index;
	return expr;
}

static inline Ck__Plan__Expr *word_of(const char *word)
{
	Ck__Plan__Expr *expr = expr_of(CK_EXPR_WORD, 0, 0);

	expr->text = bytes_of(word);
	return expr;
}

static inline Ck__Plan__Expr *with_args(Ck__Plan__Expr *expr, size_t n, void *args)
{
	expr->n_args = n;
	expr->args = args;
	return expr;
}

static inline Ck__Plan__Type *type_of(uint32_t dtype, size_t n_dims, void *dims)
{
	Ck__Plan__Type *type = MAKE(Ck__Plan__Type, ck__plan__type__init);

	type->dtype = dtype;
	type->n_dims = n_dims;
	type->dims = dims;
	return type;
}

static inline Ck__Plan__DimSpec *dim_of(enum ck_dim_kind kind, Ck__Plan__Expr *expr, uint32_t local)
{
	Ck__Plan__DimSpec *dim = MAKE(Ck__Plan__DimSpec, ck__plan__dim_spec__init);

	dim->kind = kind;
	dim->expr = expr;
	dim->local = local;
	return dim;
}

static inline Ck__Plan__Type *shape_of(uint32_t dtype, int64_t rows, int64_t columns)
{
	return type_of(dtype, 2, list_of(2, dim_of(CK_DIM_VALUE, expr_of(CK_EXPR_INT, rows, 0), 0),
					 dim_of(CK_DIM_VALUE, expr_of(CK_EXPR_INT, columns, 0), 0)));
}

static inline Ck__Plan__Insn *insn_of(uint32_t op, uint32_t dst, size_t n_src, uint32_t a, uint32_t b)
{
	Ck__Plan__Insn *insn = MAKE(Ck__Plan__Insn, ck__plan__insn__init);

	insn->op = op;
	insn->dst = dst;
	insn->n_src = n_src;
	insn->src = ck_arena_array(arena, 2, sizeof(*insn->src));
	insn->src[0] = a;
	insn->src[1] = b;
	return insn;
}

static inline Ck__Plan__Piece *piece_of(enum ck_piece_kind kind, const char *text, uint32_t local)
{
	Ck__Plan__Piece *piece = MAKE(Ck__Plan__Piece, ck__plan__piece__init);

	piece->kind = kind;
	piece->text = bytes_of(text);
	piece->local = local;
	return piece;
}

static inline Ck__Plan__Part *part_of(enum ck_part_kind kind, const char *text, uint32_t local)
{
	Ck__Plan__Part *part = MAKE(Ck__Plan__Part, ck__plan__part__init);

	part->kind = kind;
	part->text = bytes_of(text);
	part->local = local;
	return part;
}

static inline Ck__Plan__Local *local_of(const char *name, enum ck_local_kind kind, uint32_t n_alternatives)
{
	Ck__Plan__Local *local = MAKE(Ck__Plan__Local, ck__plan__local__init);

	local->name = bytes_of(name);
	local->kind = kind;
	local->n_alternatives = n_alternatives;
	return local;
}

static inline Ck__Plan__Alternative *alternative_of(const char *text)
{
	Ck__Plan__Alternative *alternative = MAKE(Ck__Plan__Alternative, ck__plan__alternative__init);

	alternative->n_pieces = 1;
	alternative->pieces = list_of(1, piece_of(CK_PIECE_LITERAL, text, 0));
	return alternative;
}

static inline Ck__Plan__Insn *source_of(uint32_t dst, uint32_t input, bool rest, Ck__Plan__Pattern *pattern)
{
	Ck__Plan__Insn *insn = insn_of(CK_OP_SOURCE, dst, 0, 0, 0);

	insn->source = MAKE(Ck__Plan__Source, ck__plan__source__init);
	insn->source->input = input;
	insn->source->rest = rest;
	insn->source->pattern = pattern;
	return insn;
}

static inline Ck__Plan__Pattern *pattern_of(size_t n, void *pieces)
{
	Ck__Plan__Pattern *pattern = MAKE(Ck__Plan__Pattern, ck__plan__pattern__init);

	pattern->n_pieces = n;
	pattern->pieces = pieces;
	return pattern;
}

static inline Ck__Plan__Rule *rule_of(enum ck_rule_kind kind, size_t n_locals, void *locals, size_t n_code, void *code)
{
	Ck__Plan__Rule *rule = MAKE(Ck__Plan__Rule, ck__plan__rule__init);

	rule->kind = kind;
	rule->n_locals = n_locals;
	rule->locals = locals;
	rule->n_code = n_code;
	rule->n_registers = (uint32_t)n_code;
	rule->code = code;
	return rule;
}

static inline Ck__Plan__Insn *store_of(uint32_t src, Ck__Plan__Name *name, Ck__Plan__Type *type)
{
	Ck__Plan__Insn *insn = insn_of(CK_OP_STORE, src + 1, 1, src, 0);
	Ck__Plan__Goal *goal = MAKE(Ck__Plan__Goal, ck__plan__goal__init);

	goal->same = !name;
	goal->name = name;
	goal->type = type;
	insn->n_goals = 1;
	insn->goals = list_of(1, goal);
	return insn;
}

static inline Ck__Plan__Name *name_of(size_t n, void *parts)
{
	Ck__Plan__Name *name = MAKE(Ck__Plan__Name, ck__plan__name__init);

	name->n_parts = n;
	name->parts = parts;
	return name;
}

/* concat(axis=..., over=...) */
static inline Ck__Plan__Insn *concat_of(uint32_t dst, size_t n_src, uint32_t a, uint32_t b, int64_t axis, Ck__Plan__Expr *over)
{
	Ck__Plan__Insn *insn = insn_of(CK_OP_CONCAT, dst, n_src, a, b);

	insn->n_args = 5;
	insn->args = list_of(5, expr_of(CK_EXPR_INT, axis, 0), over, word_of("error"), word_of("error"), expr_of(CK_EXPR_NONE, 0, 0));
	return insn;
}

/* map "a/{i:int}/{p:q,k}/" "*" where i < 3 : f32[d, _] | concat(axis=1, over=p) -> "b/{i}/" "*" : f32[...] */
static inline Ck__Plan__Rule *sample_map(struct sample *sample)
{
	void *locals = list_of(4, local_of("i", CK_LOCAL_INT, 0), local_of("p", CK_LOCAL_CHOICE, 2), local_of("*1", CK_LOCAL_STAR, 0),
			       local_of("d", CK_LOCAL_DIM, 0));

	sample->pieces[0] = piece_of(CK_PIECE_LITERAL, "a/", 0);
	sample->pieces[1] = piece_of(CK_PIECE_INT, "", 1);
	sample->pieces[2] = piece_of(CK_PIECE_LITERAL, "/", 0);
	sample->pieces[3] = piece_of(CK_PIECE_CHOICE, "", 2);
	sample->pieces[3]->n_alternatives = 2;
	sample->pieces[3]->alternatives = list_of(2, alternative_of("q"), alternative_of("k"));
	sample->pieces[4] = piece_of(CK_PIECE_LITERAL, "/", 0);
	sample->pieces[5] = piece_of(CK_PIECE_STAR, "", 3);
	sample->source = source_of(0, CK_INPUT_SOURCE, false,
				   pattern_of(6, list_of(6, sample->pieces[0], sample->pieces[1], sample->pieces[2], sample->pieces[3],
							 sample->pieces[4], sample->pieces[5])));
	sample->source->where = with_args(expr_of(CK_EXPR_LT, 0, 0), 2, list_of(2, expr_of(CK_EXPR_LOCAL, 0, 0), expr_of(CK_EXPR_INT, 3, 0)));
	sample->type = insn_of(CK_OP_TYPE, 1, 1, 0, 0);
	sample->type->type = type_of(CK_DT_F32, 2, list_of(2, dim_of(CK_DIM_BIND, NULL, 3), dim_of(CK_DIM_ANY, NULL, 0)));
	sample->concat = concat_of(2, 1, 1, 0, 1, expr_of(CK_EXPR_LOCAL, 0, 1));
	sample->store = store_of(2, name_of(4, list_of(4, part_of(CK_PART_LITERAL, "b/", 0), part_of(CK_PART_LOCAL, "", 0),
							part_of(CK_PART_LITERAL, "/", 0), part_of(CK_PART_LOCAL, "", 2))),
				 type_of(CK_DT_F32, 1, list_of(1, dim_of(CK_DIM_ELLIPSIS, NULL, 0))));
	return rule_of(CK_RULE_MAP, 4, locals, 4, list_of(4, sample->source, sample->type, sample->concat, sample->store));
}

/* check finite("**") && count("b/0/w") == 1 */
static inline Ck__Plan__Check *sample_check(void)
{
	Ck__Plan__Check *check = MAKE(Ck__Plan__Check, ck__plan__check__init);
	Ck__Plan__Expr *finite = with_args(expr_of(CK_EXPR_CALL, 0, CK_FUNCTION_FINITE), 1, list_of(1, expr_of(CK_EXPR_REGISTER, 0, 0)));
	Ck__Plan__Expr *count = with_args(expr_of(CK_EXPR_CALL, 0, CK_FUNCTION_COUNT), 1, list_of(1, expr_of(CK_EXPR_REGISTER, 0, 1)));
	Ck__Plan__Expr *equal = with_args(expr_of(CK_EXPR_EQ, 0, 0), 2, list_of(2, count, expr_of(CK_EXPR_INT, 1, 0)));

	check->n_locals = 1;
	check->locals = list_of(1, local_of("*1", CK_LOCAL_STARSTAR, 0));
	check->n_registers = 2;
	check->n_code = 2;
	check->code = list_of(2, source_of(0, CK_INPUT_TARGET, false, pattern_of(1, list_of(1, piece_of(CK_PIECE_STARSTAR, "", 1)))),
			      source_of(1, CK_INPUT_TARGET, false, pattern_of(1, list_of(1, piece_of(CK_PIECE_LITERAL, "b/0/w", 0)))));
	check->condition = with_args(expr_of(CK_EXPR_AND, 0, 0), 2, list_of(2, finite, equal));
	check->after_run = true;
	return check;
}

static inline Ck__Plan__Insn *load_of(uint32_t dst, uint64_t variable, Ck__Plan__Type *type)
{
	Ck__Plan__Insn *insn = insn_of(CK_OP_LOAD, dst, 0, 0, 0);

	insn->variable = variable;
	insn->type = type;
	return insn;
}

static inline Ck__Plan__Insn *zeros_of(uint32_t dst, Ck__Plan__Type *type)
{
	Ck__Plan__Insn *insn = insn_of(CK_OP_FILL, dst, 0, 0, 0);

	insn->n_args = 1;
	insn->args = list_of(1, expr_of(CK_EXPR_FILL, 0, CK_FILL_ZEROS));
	insn->type = type;
	return insn;
}

static inline Ck__Plan__Target *target_of(const char *label, uint64_t columns, uint64_t offset, size_t n_code, void *code)
{
	Ck__Plan__Target *target = MAKE(Ck__Plan__Target, ck__plan__target__init);

	target->label = target->key = bytes_of(label);
	target->dtype = CK_DT_F32;
	target->n_dims = 2;
	target->dims = ck_arena_array(arena, 2, sizeof(*target->dims));
	target->dims[0] = 2;
	target->dims[1] = columns;
	target->rule = 1;
	target->offset = offset;
	target->n_bytes = 8 * columns;
	target->n_code = n_code;
	target->n_registers = (uint32_t)n_code;
	target->code = code;
	return target;
}

static inline Ck__Plan__Use *use_of(const char *key, enum ck_use what, uint32_t rule)
{
	Ck__Plan__Use *use = MAKE(Ck__Plan__Use, ck__plan__use__init);

	use->key = use->label = bytes_of(key);
	use->what = what;
	use->n_rules = 1;
	use->rules = ck_arena_array(arena, 1, sizeof(*use->rules));
	use->rules[0] = rule;
	return use;
}

static inline Ck__Plan__BoundCall *call_of(uint32_t input, size_t n, ...)
{
	Ck__Plan__BoundCall *call = MAKE(Ck__Plan__BoundCall, ck__plan__bound_call__init);
	va_list variables;

	call->input = input;
	call->variables = ck_arena_array(arena, n + 1, sizeof(*call->variables));
	va_start(variables, n);
	while (call->n_variables < n)
		call->variables[call->n_variables++] = va_arg(variables, uint64_t);
	va_end(variables);
	return call;
}

static inline Ck__Plan__BoundCheck *bound_check_of(size_t n, void *calls)
{
	Ck__Plan__BoundCheck *check = MAKE(Ck__Plan__BoundCheck, ck__plan__bound_check__init);

	check->n_calls = n;
	check->calls = calls;
	return check;
}

static inline Ck__Plan__Bound *sample_bound(struct sample *sample)
{
	Ck__Plan__Bound *bound = MAKE(Ck__Plan__Bound, ck__plan__bound__init);
	Ck__Plan__BoundInput *input = MAKE(Ck__Plan__BoundInput, ck__plan__bound_input__init);

	input->path = bytes_of("old");
	input->digest = bytes_of("0123456789abcdef0123456789abcdef");
	input->n_variables = 4;
	input->n_bytes = 96;
	sample->kept = target_of("a", 3, 0, 1, list_of(1, load_of(0, 0, shape_of(CK_DT_F32, 2, 3))));
	sample->kept->unchanged = sample->kept->kept = true;
	sample->kept->rule = 4;
	sample->joined = target_of("b/0/w", 7, 24, 3,
				   list_of(3, load_of(0, 1, shape_of(CK_DT_F32, 2, 3)), load_of(1, 2, shape_of(CK_DT_F32, 2, 4)),
					   concat_of(2, 2, 0, 1, 1, expr_of(CK_EXPR_NONE, 0, 0))));
	sample->made = target_of("n", 5, 80, 1, list_of(1, zeros_of(0, shape_of(CK_DT_F32, 2, 5))));
	sample->made->rule = 3;
	sample->made->is_new = true;
	bound->n_inputs = 1;
	bound->inputs = list_of(1, input);
	bound->n_targets = 3;
	bound->targets = list_of(3, sample->kept, sample->joined, sample->made);
	bound->n_uses = 4;
	bound->uses = list_of(4, use_of("a", CK_USE_KEPT, 3), use_of("a/0/k/w", CK_USE_MAPPED, 0), use_of("a/0/q/w", CK_USE_MAPPED, 0),
			      use_of("cls", CK_USE_DROPPED, 1));
	bound->n_shard_sizes = 1;
	bound->shard_sizes = ck_arena_array(arena, 1, sizeof(*bound->shard_sizes));
	bound->shard_sizes[0] = 120;
	bound->exactness = CK_ONE_WAY;
	sample->finite = call_of(CK_INPUT_TARGET, 3, (uint64_t)0, (uint64_t)1, (uint64_t)2);
	bound->n_checks = 1;
	bound->checks = list_of(1, bound_check_of(2, list_of(2, sample->finite, call_of(CK_INPUT_TARGET, 1, (uint64_t)1))));
	return bound;
}

static inline Ck__Plan__Span *span_of(uint32_t begin, uint32_t end)
{
	Ck__Plan__Span *span = MAKE(Ck__Plan__Span, ck__plan__span__init);

	span->begin = begin;
	span->end = end;
	return span;
}

static inline Ck__Plan__Debug *sample_debug(size_t n_rules)
{
	Ck__Plan__Debug *debug = MAKE(Ck__Plan__Debug, ck__plan__debug__init);
	Ck__Plan__SourceFile *file = MAKE(Ck__Plan__SourceFile, ck__plan__source_file__init);

	file->name = bytes_of("sample.ckmig");
	file->text = bytes_of("ckmig 1\n\nmap  ...\ndrop ...\nnew  ...\nkeep ...\n");
	debug->n_files = 1;
	debug->files = list_of(1, file);
	debug->n_rules = n_rules;
	debug->rules = ck_arena_array(arena, n_rules, sizeof(*debug->rules));
	for (size_t i = 0; i < n_rules; i++) {
		debug->rules[i] = MAKE(Ck__Plan__RuleSpans, ck__plan__rule_spans__init);
		debug->rules[i]->statement = span_of((uint32_t)(9 + 9 * i), (uint32_t)(17 + 9 * i));
	}
	return debug;
}

/* Needs `arena`; the plan is sealed. */
static inline void sample_make(struct sample *sample, struct ck_diags *diags)
{
	Ck__Plan__Plan *plan = MAKE(Ck__Plan__Plan, ck__plan__plan__init);
	void *star = list_of(1, local_of("*1", CK_LOCAL_STARSTAR, 0));
	Ck__Plan__Insn *drop = insn_of(CK_OP_DROP, 1, 1, 0, 0);

	*sample = (struct sample){ .plan = { .message = plan, .arena = arena } };
	sample->code = plan->code = MAKE(Ck__Plan__Code, ck__plan__code__init);
	sample->code->id = bytes_of("sample");
	sample->map = sample_map(sample);
	sample->drop = rule_of(CK_RULE_DROP, 0, NULL, 2,
			       list_of(2, source_of(0, CK_INPUT_SOURCE, false, pattern_of(1, list_of(1, piece_of(CK_PIECE_LITERAL, "cls", 0)))),
				       drop));
	sample->drop->because = bytes_of("the head is retrained");
	sample->fill = zeros_of(0, shape_of(CK_DT_F32, 2, 5));
	sample->new = rule_of(CK_RULE_NEW, 0, NULL, 2,
			      list_of(2, sample->fill, store_of(0, name_of(1, list_of(1, part_of(CK_PART_LITERAL, "n", 0))), NULL)));
	sample->keep = rule_of(CK_RULE_KEEP, 1, star, 2, list_of(2, source_of(0, CK_INPUT_SOURCE, true, NULL), store_of(0, NULL, NULL)));
	sample->code->n_rules = 4;
	sample->code->rules = list_of(4, sample->map, sample->drop, sample->new, sample->keep);
	sample->check = sample_check();
	sample->code->n_checks = 1;
	sample->code->checks = list_of(1, sample->check);
	sample->debug = plan->debug = sample_debug(4);
	sample->bound = plan->bound = sample_bound(sample);
	plan->format = CK_PLAN_FORMAT;
	cr_assert_eq(ck_plan_seal(&sample->plan, diags), CK_OK);
}

#endif
