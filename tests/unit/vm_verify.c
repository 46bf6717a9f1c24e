#include "tests/unit/vm_sample.h"

static struct ck_diags diags;
static struct sample s;

static void set_up(void)
{
	arena = ck_arena_new((size_t)64 << 20);
	cr_assert(ck_diags_init(&diags));
	sample_make(&s, &diags);
}

static void tear_down(void)
{
	ck_diags_clear(&diags);
	ck_arena_free(arena);
}

TestSuite(vm_verify, .init = set_up, .fini = tear_down);

/* A field set to a value breaks a rule, whose message has this part. */
struct row {
	void *at;
	size_t n;
	uint64_t value;
	const char *message;
};

#define SET(field, to, text) { &(field), sizeof(field), (uint64_t)(to), (text) }

static uint64_t exchange(void *at, size_t n, uint64_t value)
{
	uint64_t old = 0;

	if (n == 8) {
		memcpy(&old, at, 8);
		memcpy(at, &value, 8);
	} else if (n == 4) {
		old = *(uint32_t *)at;
		*(uint32_t *)at = (uint32_t)value;
	} else {
		old = *(bool *)at;
		*(bool *)at = value != 0;
	}
	return old;
}

static void expect_rejects(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t old = exchange(rows[i].at, rows[i].n, rows[i].value);
		size_t before = diags.n_items;
		enum ck_code code = ck_plan_verify(&s.plan, &diags);

		cr_expect_eq(code, CK_BAD_PLAN, "row %zu: %s", i, rows[i].message);
		if (diags.n_items == before + 1)
			cr_expect(strstr(diags.items[before]->message.p, rows[i].message), "%s, not %s", diags.items[before]->message.p,
				  rows[i].message);
		else
			cr_expect(diags.n_errors > CK_MAX_DIAGS, "row %zu: %zu diagnostics: %s", i, diags.n_items - before, rows[i].message);
		exchange(rows[i].at, rows[i].n, old);
		/* Keeps the sink below its limit. */
		diags.n_items = diags.n_errors = 0;
	}
	cr_assert_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
}

Test(vm_verify, the_sample_is_good)
{
	cr_assert_eq(ck_plan_verify(&s.plan, &diags), CK_OK, "%s", diags.n_items ? diags.items[0]->message.p : "");
}

Test(vm_verify, header)
{
	Ck__Plan__Param *params[2] = { MAKE(Ck__Plan__Param, ck__plan__param__init), MAKE(Ck__Plan__Param, ck__plan__param__init) };
	ProtobufCBinaryData inputs[2] = { bytes_of("teacher"), bytes_of("teacher") };

	params[0]->name = bytes_of("n");
	params[1]->name = bytes_of("n");
	params[0]->value = params[1]->value = expr_of(CK_EXPR_INT, 1, 0);
	s.code->params = (Ck__Plan__Param **)params;
	s.code->inputs = inputs;
	struct row rows[] = {
		SET(s.plan.message->format, 2, "format 2"),
		SET(s.plan.message->code, 0, "no code"),
		SET(s.code->target_kind, 3, "a target of kind 3"),
		SET(s.code->slots_as, 9, "convention 9"),
		SET(s.code->n_params, 2, "two of one name: param `n`"),
		SET(s.code->n_inputs, 2, "two of one name: input `teacher`"),
		SET(s.debug->n_rules, 3, "places for 3 rules"),
		SET(s.debug->rules[0]->statement->end, 1000, "outside the text"),
		SET(s.debug->rules[0]->statement->begin, 18, "outside the text"),
		SET(s.debug->rules[0]->statement->file, 1, "outside the text"),
	};

	s.plan.message->code = NULL;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN);
	s.plan.message->code = s.code;
	expect_rejects(rows, CK_COUNT(rows));
	params[0]->value = NULL;
	s.code->n_params = 1;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "a param without a value");
	params[0]->value = expr_of(CK_EXPR_LOCAL, 0, 0);
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "a param that is a local");
}

Test(vm_verify, rules_and_registers)
{
	struct row rows[] = {
		SET(s.map->kind, 0, "a rule of kind 0"),
		SET(s.map->kind, CK_RULE_KEEP, "no place in such a rule"),
		SET(s.drop->kind, CK_RULE_MAP, "the last instruction is not STORE"),
		SET(s.map->n_code, 3, "4 registers for 3 instructions"),
		SET(s.keep->code[1]->goals[0]->same, 0, "gets another name"),
		SET(s.map->n_registers, 3, "register 3 of 3"),
		SET(s.map->n_registers, 5, "5 registers for 4 instructions"),
		SET(s.type->src[0], 2, "register 2 is not defined"),
		SET(s.type->src[0], 99, "register 99 is not defined"),
		SET(s.type->dst, 0, "register 0 is defined twice"),
		SET(s.type->op, 0, "operator 0"),
		SET(s.type->op, 200, "operator 200"),
		SET(s.type->op, CK_OP_ABS, "operator 46"),
		SET(s.type->op, CK_OP_LOAD, "operator 8"),
		SET(s.type->op, CK_OP_STORE, "no place in such a rule"),
		SET(s.type->op, CK_OP_UNMADE, "no place in such a rule"),
		SET(s.type->op, CK_OP_SOURCE, "SOURCE reads 1 registers"),
		SET(s.type->op, CK_OP_FLIP, "flip with a type"),
		SET(s.type->op, CK_OP_NEG, "neg with a type"),
		SET(s.type->n_src, 0, "TYPE reads 0 registers"),
		SET(s.type->type, 0, "TYPE without a type"),
		SET(s.source->source, 0, "SOURCE without a source"),
		SET(s.type->source, (uintptr_t)s.source->source, "TYPE with a source"),
		SET(s.type->where, (uintptr_t)s.source->where, "TYPE with a condition"),
		SET(s.type->variable, 1, "TYPE names a variable"),
		SET(s.store->n_goals, 0, "STORE without targets"),
		SET(s.map->locals[0]->kind, 0, "local 0 is of kind 0"),
		SET(s.map->locals[0]->name.len, 0, "local 0 has no name"),
		SET(s.map->locals[1]->n_alternatives, 0, "local 1 has 0 alternatives"),
		SET(s.store->goals[0]->same, 1, "a target with two names"),
		SET(s.store->goals[0]->name, 0, "a target without a name"),
		SET(s.fill->args[0]->index, CK_FILL_MEAN, "the fill `mean` without old rows"),
		SET(s.fill->args[0]->index, CK_FILL_LIKE, "a fill that does not exist"),
	};

	expect_rejects(rows, CK_COUNT(rows));
}

Test(vm_verify, patterns_templates_types)
{
	Ck__Plan__Name *name = s.store->goals[0]->name;
	Ck__Plan__Source *source = s.source->source;
	Ck__Plan__Range *range = MAKE(Ck__Plan__Range, ck__plan__range__init);

	range->low = 5;
	s.pieces[5]->ranges = list_of(1, range);
	struct row rows[] = {
		SET(source->input, CK_INPUT_TARGET, "input 2"),
		SET(source->input, CK_INPUT_DECLARED, "input 3"),
		SET(source->pattern, 0, "a source without a pattern"),
		SET(source->pattern->by, 3, "names of kind 3"),
		SET(source->pattern->n_pieces, 0, "an empty pattern"),
		SET(source->pattern->has_slot, 1, "an empty pattern"),
		SET(s.pieces[0]->kind, 0, "a piece of kind 0"),
		SET(s.pieces[0]->local, 1, "a literal that captures"),
		SET(s.pieces[1]->local, 5, "local 4 of 4"),
		SET(s.pieces[1]->local, 3, "captures a local of kind"),
		SET(s.pieces[5]->local, 4, "captures a local of kind"),
		SET(s.pieces[5]->kind, CK_PIECE_CLASS, "a class without characters"),
		SET(s.pieces[3]->n_alternatives, 1, "an alternation of 1"),
		SET(s.pieces[3]->alternatives[0]->pieces[0]->kind, CK_PIECE_CHOICE, "an alternation of nothing"),
		SET(s.pieces[3]->alternatives[0]->pieces[0]->local, 1, "a capture inside braces"),
		SET(s.pieces[3]->kind, CK_PIECE_STAR, "captures a local of kind"),
		SET(name->by, 7, "names of kind 7"),
		SET(name->n_parts, 0, "an empty template"),
		SET(name->has_slot, 1, "an empty template"),
		SET(name->parts[0]->kind, 0, "a part of kind 0"),
		SET(name->parts[1]->kind, CK_PART_NUMBER, "without an expression"),
		SET(name->parts[1]->kind, CK_PART_CHOICE, "0 alternatives for a local"),
		SET(name->parts[1]->local, 4, "local 4 of 4"),
		SET(name->parts[1]->width, 5000, "5000 digits"),
		SET(s.pieces[1]->local, 0, "local 0, which nothing captures"),
		SET(s.type->type->dtype, 77, "dtype 77"),
		SET(s.type->type->dims[0]->kind, 0, "a dimension of kind 0"),
		SET(s.type->type->dims[0]->kind, CK_DIM_VALUE, "without a value"),
		SET(s.type->type->dims[0]->local, 0, "local 0 is no dimension"),
		SET(s.type->type->dims[0]->expr, (uintptr_t)s.concat->args[0], "with a value"),
	};

	expect_rejects(rows, CK_COUNT(rows));
	s.pieces[5]->kind = CK_PIECE_CLASS;
	s.pieces[5]->n_ranges = 1;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "a class from 5 to 0");
	range->high = 0x110000;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "a class beyond Unicode");
	range->high = 9;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
	s.type->type->dims[1]->kind = CK_DIM_ELLIPSIS;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
	s.type->type->dims[0] = s.type->type->dims[1];
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "two ellipses");
}

Test(vm_verify, expressions_and_arguments)
{
	Ck__Plan__Expr *less = s.source->where, *call = s.check->condition->args[0];
	struct row rows[] = {
		SET(less->n_args, 1, "with 1 operands, it has 2"),
		SET(less->kind, CK_EXPR_NONE, "kind 0, which means nothing here"),
		SET(less->kind, 99, "kind 99"),
		SET(less->args[0]->index, 4, "local 4 of 4"),
		SET(less->args[0]->kind, CK_EXPR_PARAM, "param 0 of 0"),
		SET(less->args[0]->kind, CK_EXPR_CALL, "function 0"),
		SET(less->args[0]->kind, CK_EXPR_REGISTER, "kind 11"),
		SET(less->args[0]->kind, CK_EXPR_DTYPE, "dtype 0"),
		SET(less->args[1]->n_args, 1, "operands"),
		SET(less->name, (uintptr_t)s.store->goals[0]->name, "a name in an expression"),
		SET(s.concat->n_args, 4, "4 arguments, it has 5"),
		SET(s.concat->op, CK_OP_NEG, "5 arguments, it has 0"),
		SET(s.concat->args[0]->kind, CK_EXPR_NONE, "`axis` is missing"),
		SET(s.concat->args[0]->kind, CK_EXPR_FLOAT, "`axis` is of the wrong kind"),
		SET(s.concat->args[1]->kind, CK_EXPR_INT, "`over` is no capture"),
		SET(s.concat->args[1]->index, 3, "`over` names a dimension"),
		SET(s.concat->args[1]->index, 9, "local 9 of 4"),
		SET(s.concat->args[2]->text.len, 3, "`gaps` is one of error|allow"),
		SET(s.concat->args[4]->kind, CK_EXPR_TEXT, "`count` is of the wrong kind"),
		SET(call->index, CK_FUNCTION_SIZE, "the function `size` where it means nothing"),
		SET(call->index, CK_FUNCTION_NORM, "function 33"),
		SET(call->index, CK_FUNCTION_EQUAL, "with 1 operands, it has 2"),
		SET(call->args[0]->index, 2, "register 2 is not defined"),
		SET(call->args[0]->kind, CK_EXPR_INT, "is no register"),
		SET(s.check->after_run, 0, "it needs tensor values"),
		SET(s.check->condition, 0, "an expression is missing"),
		SET(s.check->code[0]->source->rest, 1, "`rest` in a check"),
		SET(s.check->code[0]->op, CK_OP_DROP, "no place in a check"),
	};

	expect_rejects(rows, CK_COUNT(rows));
}

Test(vm_verify, deep_expressions)
{
	Ck__Plan__Expr *deep = expr_of(CK_EXPR_LOCAL, 0, 0);

	for (int i = 0; i < 300; i++)
		deep = with_args(expr_of(CK_EXPR_NOT, 0, 0), 1, list_of(1, deep));
	s.source->where = deep;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
	for (int i = 0; i < 300; i++)
		deep = with_args(expr_of(CK_EXPR_NOT, 0, 0), 1, list_of(1, deep));
	s.source->where = deep;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN);
}

Test(vm_verify, bound)
{
	Ck__Plan__Insn **code = s.joined->code;
	struct row rows[] = {
		SET(s.bound->inputs[0]->input, CK_INPUT_TARGET, "input 2"),
		SET(s.bound->inputs[0]->input, CK_INPUT_TEMPLATE, "no source is bound"),
		SET(s.bound->inputs[0]->digest.len, 31, "a digest of 31 bytes"),
		SET(s.bound->inputs[0]->n_variables, 2, "variable 2 of input 0"),
		SET(s.bound->exactness, 0, "an exactness of 0"),
		SET(s.bound->n_shard_sizes, 0, "shard 0 of 0"),
		SET(s.bound->shard_sizes[0], 119, "end beyond the shard's 119"),
		SET(s.made->offset, UINT64_MAX, "end beyond"),
		SET(s.made->offset, 79, "the bytes of two targets overlap at 79"),
		SET(s.made->shard, 1, "shard 1 of 1"),
		SET(s.made->rule, 5, "rule 5 of 4"),
		SET(s.made->n_bytes, 39, "it says 39 bytes and has 40"),
		SET(s.made->label.len, 0, "no name"),
		SET(s.made->dims[1], 4, "its code makes f32[2, 5], which is not what it says"),
		SET(s.made->n_dims, 1, "its code makes f32[2, 5]"),
		SET(s.made->dtype, CK_DT_I32, "its code makes f32[2, 5]"),
		SET(s.made->n_code, 0, "it has no code"),
		SET(s.made->unchanged, 1, "it says they are unchanged"),
		SET(s.joined->kept, 1, "it is kept, and not unchanged"),
		SET(s.made->code[0]->type, 0, "it has no type"),
		SET(s.made->code[0]->type->dtype, 0, "it has no type"),
		SET(s.made->code[0]->type->dims[0]->kind, CK_DIM_ANY, "dimension 0 of its type is no size"),
		SET(s.made->code[0]->type->dims[0]->expr->integer, -1, "dimension 0 of its type is no size"),
		SET(s.made->code[0]->args[0]->index, CK_FILL_MEAN, "without old rows"),
		SET(s.made->code[0]->args[0]->index, CK_FILL_CONST, "0 arguments, it has 1"),
		SET(s.made->code[0]->args[0]->index, CK_FILL_TEMPLATE, "the fill `template` in bound code"),
		SET(s.made->code[0]->type->dtype, CK_DT_VARIANT, "`zeros` makes numbers"),
		SET(s.joined->n_registers, 2, "register 2 is outside the frame"),
		SET(s.joined->n_registers, 4, "4 registers for 3 instructions"),
		SET(code[1]->dst, 0, "register 0 is defined twice"),
		SET(code[2]->src[1], 2, "register 2 is not defined"),
		SET(code[0]->variable, 4, "variable 4 of input 0"),
		SET(code[0]->input, CK_INPUT_TEMPLATE, "of input 1, which does not exist"),
		SET(code[2]->variable, 1, "only portable code has"),
		SET(code[2]->op, CK_OP_JOIN, "operator 4"),
		SET(code[2]->op, CK_OP_SPLIT, "operator 27"),
		SET(code[2]->op, CK_OP_NEG, "5 arguments, it has 0"),
		SET(code[2]->args[0]->integer, 0, "concat: axis 1 has 4 elements in member 2"),
		SET(code[2]->args[0]->kind, CK_EXPR_LOCAL, "a local where a constant stands"),
		SET(code[2]->args[1]->kind, CK_EXPR_LOCAL, "`over` is no capture"),
		SET(s.bound->uses[0]->what, 4, "it uses nothing"),
		SET(s.bound->uses[0]->rules[0], 4, "rule 4 of 4"),
		SET(s.bound->uses[0]->input, 1, "it uses nothing"),
	};

	expect_rejects(rows, CK_COUNT(rows));
}

/* The object graph is the one target without code; its bytes stand in the plan. */
Test(vm_verify, bound_graph)
{
	Ck__Plan__Target *graph = s.made;
	struct row rows[] = {
		SET(graph->dtype, CK_DT_U8, "no single string"),
		SET(graph->n_dims, 1, "no single string"),
		SET(graph->rule, 1, "no single string"),
		SET(graph->unchanged, 1, "no single string"),
		SET(graph->n_bytes, 9, "it says 9 bytes and has 7"),
		SET(graph->key.len, 1, "it has no code"),
		SET(s.bound->graph.data, "ab", "an object graph that is damaged"),
	};

	graph->label = graph->key = bytes_of(CK_GRAPH_KEY);
	graph->dtype = CK_DT_STRING;
	graph->n_dims = graph->n_code = 0;
	graph->rule = 0;
	graph->n_bytes = 7;
	/* One node that has nothing. */
	s.bound->graph = (ProtobufCBinaryData){ 2, (uint8_t *)(uintptr_t)"\n\0" };
	s.bound->targets = list_of(3, graph, s.kept, s.joined);
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
	expect_rejects(rows, CK_COUNT(rows));
	/* Bound where it was not at hand: such a plan can be listed, and not be run. */
	s.bound->graph.len = 0;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
}

/* Strings are carried, or empty. */
Test(vm_verify, bound_strings)
{
	Ck__Plan__Type *type = s.made->code[0]->type, *loaded = s.kept->code[0]->type;
	struct row rows[] = {
		SET(s.made->n_bytes, 13, "it says 13 bytes and has 14"),
		SET(s.kept->unchanged, 0, "it is kept, and not unchanged"),
	};

	type->dtype = loaded->dtype = s.made->dtype = s.kept->dtype = CK_DT_STRING;
	s.made->n_bytes = 14;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
	expect_rejects(rows, CK_COUNT(rows));
	s.kept->kept = s.kept->unchanged = false;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN);
}

Test(vm_verify, bound_order_and_names)
{
	Ck__Plan__Target **targets = s.bound->targets, *first = targets[0];
	Ck__Plan__Use **uses = s.bound->uses;

	targets[0] = targets[1];
	targets[1] = first;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "targets out of order");
	targets[1] = targets[0];
	targets[0] = first;
	s.made->label = s.kept->label;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "two targets of one name");
	s.made->label = s.made->key;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
	s.made->key = s.joined->key;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "two targets of one key");
	s.made->key = s.made->label;
	uses[1] = uses[0];
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN, "one source twice");
}

/* What checks ask about exists, in as many calls as the condition has; values are code that may read targets. */
Test(vm_verify, bound_checks)
{
	Ck__Plan__BoundCheck *check = s.bound->checks[0];
	Ck__Plan__CheckValue *value = MAKE(Ck__Plan__CheckValue, ck__plan__check_value__init);
	Ck__Plan__Insn *load = load_of(0, 1, shape_of(CK_DT_F32, 2, 7));
	struct row rows[] = {
		SET(s.bound->n_checks, 0, "0 checks are bound, the code has 1"),
		SET(check->n_calls, 1, "it has more functions than it is bound with"),
		SET(s.finite->variables[2], 3, "variable 3 of input 2"),
		SET(s.finite->input, CK_INPUT_TEMPLATE, "variable 0 of input 1"),
	};
	struct row of_values[] = {
		SET(value->n_code, 0, "it has no code"),
		SET(value->n_registers, 2, "2 registers for 1 instructions"),
		SET(load->variable, 3, "target 3, which does not exist"),
		SET(load->variable, 0, "target 0, which does not exist or is of another type"),
		SET(s.finite->n_variables, 1, "with variables and values"),
		SET(s.check->condition->args[0]->index, CK_FUNCTION_COUNT, "it needs no tensor values"),
	};

	expect_rejects(rows, CK_COUNT(rows));
	load->input = CK_INPUT_TARGET;
	value->n_code = value->n_registers = 1;
	value->code = list_of(1, load);
	s.finite->n_variables = 0;
	s.finite->n_values = 1;
	s.finite->values = list_of(1, value);
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_OK);
	expect_rejects(of_values, CK_COUNT(of_values));
	/* A target's own code reads none. */
	s.kept->code[0]->input = CK_INPUT_TARGET;
	cr_expect_eq(ck_plan_verify(&s.plan, &diags), CK_BAD_PLAN);
}

/* ---- several migrations in one plan */

static void expect_series(const Ck__Plan__Plan *whole, enum ck_code wanted, const char *message)
{
	struct ck_plan plan = { .message = (Ck__Plan__Plan *)(uintptr_t)whole, .arena = arena };
	enum ck_code code = ck_plan_verify(&plan, &diags);

	cr_expect_eq(code, wanted, "%s", message);
	if (wanted != CK_OK && diags.n_items)
		cr_expect(strstr(diags.items[0]->message.p, message), "%s, not %s", diags.items[0]->message.p, message);
	diags.n_items = diags.n_errors = 0;
}

Test(vm_verify, series)
{
	Ck__Plan__Plan first = *s.plan.message, second = first, whole, *parts[65];
	Ck__Plan__Bound *bound = s.plan.message->bound;

	for (size_t i = 0; i < 65; i++)
		parts[i] = i % 2 ? &second : &first;
	ck__plan__plan__init(&whole);
	whole.format = CK_PLAN_FORMAT;
	whole.parts = parts;
	first.bound = second.bound = NULL;
	whole.n_parts = 64;
	expect_series(&whole, CK_OK, "");
	whole.n_parts = 65;
	expect_series(&whole, CK_BAD_PLAN, "a series of 65 parts");
	whole.n_parts = 1;
	expect_series(&whole, CK_BAD_PLAN, "a series of 1 parts");
	whole.n_parts = 2;
	whole.code = first.code;
	expect_series(&whole, CK_BAD_PLAN, "with code of its own");
	whole.code = NULL;
	second.code = NULL;
	expect_series(&whole, CK_BAD_PLAN, "there is no code");
	second = first;
	second.parts = parts;
	second.n_parts = 2;
	expect_series(&whole, CK_BAD_PLAN, "a series in a series");
	second = first;
	whole.bound = bound;
	expect_series(&whole, CK_BAD_PLAN, "part 0 is not bound, and the series is bound");
	first.bound = second.bound = bound;
	whole.bound = NULL;
	expect_series(&whole, CK_BAD_PLAN, "part 0 is bound, and the series is not bound");
	/* The sample reads another number of variables than it makes. */
	whole.bound = bound;
	expect_series(&whole, CK_BAD_PLAN, "part 1 reads other variables than part 0 makes");
}
