/*
 * Checks of a series. What the first part reads and the last one makes is there to be asked; what lies between two parts is made anew
 * for its checks, or, where types tell the answer, known now.
 */
#include "vm/bind_series.h"
#include "vm/check.h"

struct asking {
	struct ck_weaving *weaving;
	size_t part;
	const struct ck_plan *plan;		/* the part's */
	struct ck_inputs inputs;		/* of the part */
	struct ck_check check;			/* of the part's own Bound */
	const struct ck_check_call *call;	/* of it */
	Ck__Plan__BoundCall *out;
};

/* ---- variables */

/* Whether an input of the part is in no checkpoint: what it reads of the part before, or makes for the next. */
static bool is_between(const struct asking *asking, uint32_t input)
{
	bool is_last = asking->part + 1 == ck_plan_n_parts(asking->weaving->plan);

	return (input == CK_INPUT_SOURCE && asking->part > 0) || (input == CK_INPUT_TARGET && !is_last);
}

static enum ck_dtype dtype_of(const struct asking *asking, uint64_t variable)
{
	uint32_t input = asking->call->bound->input;

	if (input == CK_INPUT_TARGET)
		return (enum ck_dtype)asking->plan->message->bound->targets[variable]->dtype;
	return asking->inputs.manifests[input]->variables[variable].dtype;
}

static bool is_floating(enum ck_dtype dtype)
{
	return ck_dtype_class(dtype) == CK_CLASS_FLOAT || ck_dtype_class(dtype) == CK_CLASS_COMPLEX;
}

static bool add_label(struct asking *asking, size_t match)
{
	struct ck_str label = ck_check_label(&asking->check, asking->call, match);

	label = ck_name_read(asking->weaving->arena, label);
	asking->out->labels[asking->out->n_labels++] = ck_bind_bytes(label);
	return label.p != NULL;
}

static bool add_known(struct asking *asking, struct ck_value value)
{
	Ck__Plan__Expr *known = ck_value_expr(asking->weaving->arena, &value);

	asking->out->known[asking->out->n_known++] = known;
	return known != NULL;
}

/* The value of a variable, to be measured. Everything but floats is finite. */
static bool add_value(struct asking *asking, uint64_t variable)
{
	Ck__Plan__CheckValue value, *made;
	Ck__Plan__Insn load, *code[1] = { &load };

	if (asking->call->function->function == CK_FUNCTION_FINITE && !is_floating(dtype_of(asking, variable)))
		return add_known(asking, (struct ck_value){ .kind = CK_EXPR_INT, .integer = 1 });
	ck__plan__check_value__init(&value);
	ck__plan__insn__init(&load);
	load.op = CK_OP_LOAD;
	load.input = asking->call->bound->input;
	load.variable = variable;
	value.code = code;
	value.n_code = value.n_registers = 1;
	if (!ck_weave_value(asking->weaving, asking->part, &value, (struct ck_str){ 0 }, &made))
		return false;
	asking->out->values[asking->out->n_values++] = made;
	return add_known(asking, (struct ck_value){ .kind = CK_EXPR_NONE });
}

/* Functions that need no tensor: their values are those of the part's own check. */
static bool add_answers(struct asking *asking)
{
	size_t n = asking->call->is_sum ? 1 : asking->call->n;

	for (size_t i = 0; i < n; i++)
		if (!add_known(asking, asking->call->values[i]))
			return false;
	return true;
}

static bool ask_between(struct asking *asking)
{
	const Ck__Plan__BoundCall *bound = asking->call->bound;

	asking->out->n_variables = 0;
	for (size_t i = 0; i < bound->n_variables; i++)
		if (!add_label(asking, i))
			return false;
	if (asking->call->function->phase == CK_PHASE_PLAN)
		return add_answers(asking);
	for (size_t i = 0; i < bound->n_variables; i++)
		if (!add_value(asking, bound->variables[i]))
			return false;
	return true;
}

/* ---- values */

/* What random fills of a check are keyed by: the target that they are compared with, which stands alone and first. */
static struct ck_str compared_with(const struct asking *asking, const Ck__Plan__CheckValue *value)
{
	const Ck__Plan__Insn *insn = value->code[0];

	if (value->n_code == 1 && insn->op == CK_OP_LOAD && insn->input == CK_INPUT_TARGET)
		return ck_str_of(asking->plan->message->bound->targets[insn->variable]->label);
	return (struct ck_str){ 0 };
}

static bool ask_values(struct asking *asking)
{
	const Ck__Plan__BoundCall *bound = asking->call->bound;
	size_t n_sides = asking->call->n ? bound->n_values / asking->call->n : 1;

	for (size_t i = 0; i < bound->n_values; i++) {
		struct ck_str key = compared_with(asking, bound->values[i - i % n_sides]);
		Ck__Plan__CheckValue *value;

		if ((i % n_sides == 0 && !add_label(asking, i / n_sides)) ||
		    !ck_weave_value(asking->weaving, asking->part, bound->values[i], key, &value))
			return false;
		asking->out->values[asking->out->n_values++] = value;
	}
	return true;
}

/* ---- calls and checks */

static bool ask(struct asking *asking)
{
	const Ck__Plan__BoundCall *bound = asking->call->bound;
	size_t n = bound->n_variables + bound->n_values + 1;
	struct ck_arena *arena = asking->weaving->arena;

	*asking->out = *bound;
	asking->out->labels = ck_arena_array(arena, n, sizeof(*asking->out->labels));
	asking->out->known = ck_arena_array(arena, n, sizeof(*asking->out->known));
	asking->out->values = ck_arena_array(arena, n, sizeof(*asking->out->values));
	asking->out->n_values = 0;
	if (!asking->out->labels || !asking->out->known || !asking->out->values)
		return false;
	if (bound->n_values)
		return ask_values(asking);
	if (is_between(asking, bound->input))
		return ask_between(asking);
	asking->out->input = ck_series_input(asking->weaving->plan, asking->part, bound->input);
	return true;
}

static bool add_check(struct asking *asking, size_t number, Ck__Plan__Bound *bound)
{
	struct ck_arena *arena = asking->weaving->arena;
	const Ck__Plan__BoundCheck *message = asking->plan->message->bound->checks[number];
	Ck__Plan__BoundCheck *check = ck_arena_alloc(arena, sizeof(*check));

	if (!check || !ck_check_open(&asking->check, number))
		return false;
	ck__plan__bound_check__init(check);
	check->calls = ck_arena_array(arena, message->n_calls + 1, sizeof(*check->calls));
	for (size_t i = 0; check->calls && i < message->n_calls; i++) {
		asking->call = &asking->check.calls[i];
		asking->out = ck_arena_alloc(arena, sizeof(*asking->out));
		if (!asking->out || !ask(asking))
			return false;
		check->calls[check->n_calls++] = asking->out;
	}
	bound->checks[bound->n_checks++] = check;
	return check->calls != NULL;
}

bool ck_series_checks(struct ck_weaving *weaving, const struct ck_inputs *inputs, Ck__Plan__Bound *bound)
{
	const struct ck_plan *plan = weaving->plan;
	struct ck_arena *arena = weaving->arena;

	bound->checks = ck_arena_array(arena, ck_plan_n_checks(plan) + 1, sizeof(*bound->checks));
	for (size_t i = 0; bound->checks && i < ck_plan_n_parts(plan); i++) {
		struct asking asking = { .weaving = weaving, .part = i, .plan = ck_plan_part(plan, i) };

		asking.inputs = ck_part_inputs(plan, i, inputs, arena);
		if (!asking.inputs.manifests)
			return false;
		asking.check = (struct ck_check){ .plan = asking.plan, .bound = asking.plan->message->bound, .manifests = asking.inputs.manifests,
						  .n_manifests = asking.inputs.n, .arena = arena };
		for (size_t j = 0; j < asking.plan->message->code->n_checks; j++)
			if (!add_check(&asking, j, bound))
				return false;
	}
	return bound->checks != NULL;
}
