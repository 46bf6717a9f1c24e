/* Checks: what each asks about is found among the targets and inputs; those that need no tensor are decided. */
#include "vm/bind_internal.h"

#include <string.h>

#include "vm/check.h"

/* One check while it is bound. */
struct checking {
	struct ck_binder *binder;
	struct ck_coder *coder;
	struct ck_unit *unit;
	const Ck__Plan__Check *message;
	const Ck__Plan__Expr **calls;
	size_t n_calls;
	Ck__Plan__BoundCheck *bound;
};

/* ---- targets as subjects */

static void describe_target(struct ck_binder *binder, const Ck__Plan__Target *target, struct ck_subject *subject)
{
	struct ck_str label = ck_str_of(target->label);
	size_t make;

	*subject = (struct ck_subject){
		.name = label, .type = { (enum ck_dtype)target->dtype, (int)target->n_dims, (const int64_t *)target->dims },
		.n_bytes = target->n_bytes, .node = -1, .owner = SIZE_MAX,
	};
	if (ck_map_get(&binder->made_labels, label, &make)) {
		const struct ck_made *made = &binder->makes[make];

		subject->kind = made->is_attribute ? CK_ATTRIBUTE : CK_VARIABLE;
		subject->name = made->name;
		subject->slot = made->slot;
		subject->optimizer = made->optimizer;
	} else {
		subject->kind = CK_GRAPH;
	}
}

/* Slots by the variable that they belong to. */
static bool find_owners(struct ck_binder *binder, struct ck_subjects *targets)
{
	struct ck_map names;

	ck_map_init(&names, binder->arena);
	for (size_t i = 0; i < targets->n; i++)
		if (!targets->items[i].slot.n && !ck_map_put(&names, targets->items[i].name, i))
			return ck_bind_nomem(binder);
	for (size_t i = 0; i < targets->n; i++) {
		size_t owner;

		if (targets->items[i].slot.n && ck_map_get(&names, targets->items[i].name, &owner))
			targets->items[i].owner = owner;
	}
	return true;
}

static bool open_targets(struct ck_binder *binder)
{
	struct ck_subjects *targets = &binder->inputs[CK_INPUT_TARGET];
	const Ck__Plan__Bound *bound = binder->bound;

	*targets = (struct ck_subjects){ .given = true, .n = bound->n_targets };
	targets->items = ck_arena_array(binder->arena, bound->n_targets + 1, sizeof(*targets->items));
	if (!targets->items)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < bound->n_targets; i++)
		describe_target(binder, bound->targets[i], &targets->items[i]);
	return find_owners(binder, targets) && ck_subjects_index(binder, targets);
}

/* ---- path: and full: of targets, by the object graph that is to be written */

static bool asks_graph(const struct ck_binder *binder)
{
	for (size_t i = 0; i < binder->code->n_checks; i++)
		for (size_t j = 0; j < binder->code->checks[i]->n_code; j++) {
			const Ck__Plan__Source *source = binder->code->checks[i]->code[j]->source;

			if (source && source->input == CK_INPUT_TARGET && source->pattern && source->pattern->by != CK_BY_NAME)
				return true;
		}
	return false;
}

static bool add_names(struct ck_binder *binder, const struct ck_graph *graph, uint32_t node, const Ck__Tf__Attribute *attribute,
		      const struct ck_map *keys)
{
	enum { MAX_PATHS = 4096 };
	struct ck_subjects *targets = &binder->inputs[CK_INPUT_TARGET];
	bool more;
	size_t i;

	if (!ck_map_get(keys, ck_str_of(attribute->checkpoint_key), &i))
		return true;
	targets->items[i].node = (int32_t)node;
	targets->items[i].full_name = ck_str_of(attribute->full_name);
	return ck_graph_paths(graph, node, MAX_PATHS, binder->arena, &targets->paths[i], &targets->n_paths[i], &more) == CK_OK ? true
																: ck_bind_nomem(binder);
}

/* Paths and full names of targets. A graph that is not at hand gives none, which is told where they are asked for. */
static bool read_graph(struct ck_binder *binder)
{
	struct ck_subjects *targets = &binder->inputs[CK_INPUT_TARGET];
	const Ck__Plan__Bound *bound = binder->bound;
	struct ck_graph *graph;
	struct ck_map keys;

	if (!bound->graph.len || !asks_graph(binder))
		return true;
	ck_map_init(&keys, binder->arena);
	targets->paths = ck_arena_array(binder->arena, targets->n + 1, sizeof(*targets->paths));
	targets->n_paths = ck_arena_array(binder->arena, targets->n + 1, sizeof(*targets->n_paths));
	if (!targets->paths || !targets->n_paths)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < targets->n; i++)
		if (!ck_map_put(&keys, ck_str_of(bound->targets[i]->key), i))
			return ck_bind_nomem(binder);
	if (ck_graph_decode(ck_str_of(bound->graph), binder->arena, binder->diags, &graph) != CK_OK)
		return false;
	for (uint32_t i = 0; i < graph->message->n_nodes; i++)
		for (size_t j = 0; j < graph->message->nodes[i]->n_attributes; j++)
			if (!add_names(binder, graph, i, graph->message->nodes[i]->attributes[j], &keys))
				return false;
	return true;
}

/* ---- what a check names */

static struct ck_span span_of(const struct checking *checking, size_t insn)
{
	return ck_plan_check_span(checking->binder->plan, checking->unit->number, insn);
}

/* Inputs that are not given, and object graphs that are not there. */
static bool can_ask(struct checking *checking, size_t insn)
{
	struct ck_binder *binder = checking->binder;
	const Ck__Plan__Source *source = checking->unit->code[insn]->source;
	struct ck_diag *diag;

	if (!binder->inputs[source->input].given) {
		diag = ck_error(binder->diags, CK_USAGE, span_of(checking, insn), "this check asks about the %.*s, and none is given",
				CK_STR_ARG(ck_plan_input_name(binder->plan, source->input)));
		ck_diag_help(binder->diags, diag, "give a fresh save of the new model: --onto CHECKPOINT");
		return false;
	}
	if (source->input != CK_INPUT_TARGET || !source->pattern || source->pattern->by == CK_BY_NAME || binder->bound->graph.len)
		return true;
	diag = ck_error(binder->diags, CK_NEEDS_GRAPH, span_of(checking, insn), "%s needs an object graph, and the target %s",
			source->pattern->by == CK_BY_PATH ? "path:" : "full:",
			binder->objects ? "has one that is not at hand" : "is name-based");
	ck_diag_help(binder->diags, diag, binder->objects ? "put the data files beside the index" : "its names are its keys: leave the prefix out");
	return false;
}

/* Runs the check's code on what there is. False after a message. */
static bool run_code(struct checking *checking)
{
	struct ck_binder *binder = checking->binder;
	struct ck_unit *unit = checking->unit;
	size_t n_errors = binder->diags->n_errors;

	for (size_t i = 0; i < unit->n_code; i++) {
		if (unit->code[i]->op != CK_OP_SOURCE)
			continue;
		if (!can_ask(checking, i) || !ck_bind_source(binder, unit, i, &unit->matches[i]))
			return false;
	}
	return ck_bind_unit(binder, unit) && binder->diags->n_errors == n_errors;
}

CK_PRINTF(4, 5) static struct ck_diag *refuse(struct checking *checking, enum ck_code code, const struct ck_node *node, const char *format, ...)
{
	size_t insn = node && node->insn < checking->unit->n_code ? node->insn : SIZE_MAX;
	struct ck_str text;
	va_list args;

	va_start(args, format);
	text = ck_str_vformat(checking->binder->diags->arena, format, args);
	va_end(args);
	return ck_error(checking->binder->diags, code, span_of(checking, insn), "%.*s", CK_STR_ARG(text));
}

/* ---- values as code */

/* Fills whose size nothing tells, and `template`, which stands for a target's own values and here for none. */
static bool check_fills(struct checking *checking, struct ck_node *node)
{
	struct ck_diag *diag;

	if (node->epoch == checking->binder->epoch)
		return true;
	node->epoch = checking->binder->epoch;
	for (size_t i = 0; i < node->n_operands; i++)
		if (!check_fills(checking, node->operands[i]))
			return false;
	for (size_t i = 0; node->args && i < ck_op_info(node->op)->n_params; i++)
		if (node->args[i].kind == CK_EXPR_FILL && node->args[i].index == CK_FILL_TEMPLATE) {
			diag = refuse(checking, CK_BAD_CHECK, node, "the fill `template` means nothing in a check");
			ck_diag_help(checking->binder->diags, diag, "name the template's variable: template:\"x\"");
			return false;
		}
	if (ck_type_known(&node->type))
		return true;
	diag = refuse(checking, CK_DIMENSION, node, "nothing tells the sizes of this fill");
	ck_diag_help(checking->binder->diags, diag, "write them as numbers");
	return false;
}

static bool add_value(struct checking *checking, Ck__Plan__BoundCall *call, struct ck_node *node)
{
	struct ck_binder *binder = checking->binder;
	struct ck_made made = { .label = CK_STR(""), .rule = SIZE_MAX, .node = node, .in_template = SIZE_MAX };
	Ck__Plan__CheckValue *value = ck_arena_alloc(binder->arena, sizeof(*value));
	Ck__Plan__Target target;

	if (!value)
		return ck_bind_nomem(binder);
	binder->epoch++;
	if (!check_fills(checking, node))
		return false;
	ck__plan__target__init(&target);
	if (!ck_code_target(checking->coder, &made, &target))
		return false;
	ck__plan__check_value__init(value);
	value->code = target.code;
	value->n_code = target.n_code;
	value->n_registers = target.n_registers;
	call->values[call->n_values++] = value;
	return true;
}

/* ---- calls */

static bool is_variables(const struct ck_relation *relation)
{
	for (size_t i = 0; i < relation->n_rows; i++) {
		const struct ck_node *node = relation->rows[i].nodes[0];

		if (relation->rows[i].n_nodes != 1 || node->op != CK_OP_LOAD || node->input != relation->rows[0].nodes[0]->input)
			return false;
	}
	return true;
}

static bool add_variables(struct checking *checking, Ck__Plan__BoundCall *call, const struct ck_relation *relation)
{
	call->variables = ck_arena_array(checking->binder->arena, relation->n_rows + 1, sizeof(*call->variables));
	if (!call->variables)
		return ck_bind_nomem(checking->binder);
	for (size_t i = 0; i < relation->n_rows; i++) {
		call->input = relation->rows[i].nodes[0]->input;
		call->variables[call->n_variables++] = relation->rows[i].nodes[0]->variable;
	}
	return true;
}

static bool has_numbers(const struct ck_node *node)
{
	enum ck_dtype_class class = ck_dtype_class(node->type.dtype);

	return class != CK_CLASS_STRING && class != CK_CLASS_OPAQUE;
}

static bool is_complex(const struct ck_node *node)
{
	return ck_dtype_class(node->type.dtype) == CK_CLASS_COMPLEX;
}

/* What a function can be asked of. */
static bool check_dtype(struct checking *checking, const struct ck_function_info *function, const struct ck_node *node)
{
	bool ordered = function->function == CK_FUNCTION_MIN || function->function == CK_FUNCTION_MAX;
	struct ck_diag *diag;

	/* Bytes can be compared of whatever is stored. */
	if (node->op == CK_OP_LOAD && (function->function == CK_FUNCTION_FINITE || function->function == CK_FUNCTION_EQUAL))
		return true;
	if (has_numbers(node) && (!ordered || !is_complex(node)))
		return true;
	if (function->function == CK_FUNCTION_EQUAL)
		diag = refuse(checking, CK_DTYPE, node, "strings can be compared only as they are stored, this makes some");
	else if (node->op == CK_OP_LOAD)
		diag = refuse(checking, CK_DTYPE, node, "%s wants numbers%s, and \"%.*s\" is %s", function->name, ordered ? " that have an order" : "",
			      CK_STR_ARG(ck_bind_label_text(checking->binder, node->input, node->variable)), ck_dtype_name(node->type.dtype));
	else
		diag = refuse(checking, CK_DTYPE, node, "%s wants numbers%s, and this is %s", function->name, ordered ? " that have an order" : "",
			      ck_dtype_name(node->type.dtype));
	if (node->op == CK_OP_LOAD)
		ck_diag_help(checking->binder->diags, diag, "narrow the pattern, or write such as %s(\"**\" where dtype == f32)", function->name);
	return false;
}

/* What the executor cannot read yet. */
static bool check_readable(struct checking *checking, const struct ck_node *node)
{
	const struct ck_manifest *manifest = checking->binder->inputs[node->input].manifest;

	if (!manifest || !manifest->variables[node->variable].n_slices || ck_dtype_width(node->type.dtype))
		return true;
	refuse(checking, CK_FORMAT_NOT_AVAILABLE, node, "\"%.*s\" is partitioned, and this version of ckmig cannot read it",
	       CK_STR_ARG(ck_bind_label_text(checking->binder, node->input, node->variable)));
	return false;
}

static bool add_values(struct checking *checking, Ck__Plan__BoundCall *call, const struct ck_function_info *function,
		       const struct ck_relation *relation)
{
	size_t wanted = function->n_params > 1 ? 2 : 1;
	struct ck_diag *diag;

	call->values = ck_arena_array(checking->binder->arena, wanted * relation->n_rows + 1, sizeof(struct Ck__Plan__CheckValue *));
	if (!call->values)
		return ck_bind_nomem(checking->binder);
	for (size_t i = 0; i < relation->n_rows; i++) {
		const struct ck_row *row = &relation->rows[i];

		if (row->n_nodes != wanted) {
			diag = refuse(checking, CK_BAD_TUPLE, NULL, "%s is about %s, here are %zu values", function->name,
				      wanted == 1 ? "one value at a time" : "a value and another that it is compared with", row->n_nodes);
			ck_diag_help(checking->binder->diags, diag, "join them (concat, stack), or take one with pick(n)");
			return false;
		}
		for (size_t j = 0; j < wanted; j++)
			if (!check_dtype(checking, function, row->nodes[j]) || !add_value(checking, call, row->nodes[j]))
				return false;
		if (function->function != CK_FUNCTION_CLOSE || is_complex(row->nodes[0]) == is_complex(row->nodes[1]))
			continue;
		refuse(checking, CK_DTYPE, row->nodes[1], "close compares %s with %s", ck_dtype_name(row->nodes[0]->type.dtype),
		       ck_dtype_name(row->nodes[1]->type.dtype));
		return false;
	}
	return true;
}

/* atol= and rtol= of close. */
static bool check_numbers(struct checking *checking, size_t i, const struct ck_function_info *function)
{
	struct ck_binder *binder = checking->binder;
	struct ck_env env = ck_bind_env(binder, checking->unit, NULL);
	struct ck_value value;

	env.n_locals = 0;
	for (size_t j = 2; j < function->n_params; j++) {
		if (ck_expr_eval(checking->calls[i]->args[j], &env, &value) == CK_OK && (value.kind == CK_EXPR_INT || value.kind == CK_EXPR_FLOAT))
			continue;
		if (ck_arena_failed(binder->arena))
			return ck_bind_nomem(binder);
		refuse(checking, CK_BAD_VALUE, NULL, "`%.*s` of %s wants a number%s%.*s", CK_STR_ARG(function->params[j].name), function->name,
		       env.message.n ? ": " : "", CK_STR_ARG(env.message));
		return false;
	}
	return true;
}

static const struct ck_relation *subject_of(const struct checking *checking, size_t call)
{
	return &checking->unit->registers[checking->calls[call]->args[0]->index];
}

static bool bind_call(struct checking *checking, size_t i)
{
	const struct ck_function_info *function = ck_function_info(checking->calls[i]->index);
	const struct ck_relation *relation = subject_of(checking, i);
	Ck__Plan__BoundCall *call = ck_arena_alloc(checking->binder->arena, sizeof(*call));
	struct ck_diag *diag;

	if (!call)
		return ck_bind_nomem(checking->binder);
	ck__plan__bound_call__init(call);
	checking->bound->calls[checking->bound->n_calls++] = call;
	if (function->n_params > 1 || !is_variables(relation)) {
		if (function->phase == CK_PHASE_RUN)
			return check_numbers(checking, i, function) && add_values(checking, call, function, relation);
		diag = refuse(checking, CK_BAD_CHECK, relation->rows[0].nodes[0], "%s asks about variables of one checkpoint, this makes other values",
			      function->name);
		ck_diag_help(checking->binder->diags, diag, "write a pattern alone: %s(\"x\")", function->name);
		return false;
	}
	for (size_t j = 0; function->phase == CK_PHASE_RUN && j < relation->n_rows; j++)
		if (!check_dtype(checking, function, relation->rows[j].nodes[0]) || !check_readable(checking, relation->rows[j].nodes[0]))
			return false;
	return add_variables(checking, call, relation);
}

/* ---- deciding what can be */

/* equal and close of two types are false, whatever the values. */
static void compare_types(const struct checking *checking, struct ck_check *check)
{
	for (size_t i = 0; i < check->n_calls; i++) {
		struct ck_check_call *call = &check->calls[i];
		const struct ck_relation *relation = subject_of(checking, i);
		bool dtypes = call->function->function == CK_FUNCTION_EQUAL;

		for (size_t j = 0; call->function->n_params > 1 && j < call->n; j++) {
			struct ck_type a = relation->rows[j].nodes[0]->type, b = relation->rows[j].nodes[1]->type;

			if (!dtypes)
				b.dtype = a.dtype;
			if (ck_type_fits(&a, &b))
				continue;
			call->values[j] = (struct ck_value){ .kind = CK_EXPR_INT };
			call->notes[j] = ck_check_types_text(check, call, j, &relation->rows[j].nodes[0]->type, &relation->rows[j].nodes[1]->type);
		}
	}
}

static void explain_failure(struct checking *checking, const struct ck_check *check, struct ck_diag *diag)
{
	struct ck_binder *binder = checking->binder;
	const struct ck_check_call *call = check->blamed;
	size_t insn = call ? ck_check_source(check, call) : SIZE_MAX;
	struct ck_str *labels;

	if (!call || check->is_broken)
		return;
	if (!call->n) {
		if (insn < checking->unit->n_code && checking->unit->code[insn]->source->pattern)
			ck_explain_instead(binder, checking->unit, insn, diag);
		return;
	}
	if (call->function->function != CK_FUNCTION_COUNT && call->function->function != CK_FUNCTION_ABSENT)
		return;
	labels = ck_arena_array(binder->arena, call->n + 1, sizeof(*labels));
	if (!labels) {
		ck_bind_nomem(binder);
		return;
	}
	for (size_t i = 0; i < call->n; i++)
		labels[i] = ck_subject_label(binder, call->bound->input, call->bound->variables[i]);
	ck_explain_list(binder, diag, labels, call->n);
}

static void tell_failure(struct checking *checking, const struct ck_check *check)
{
	struct ck_diag *diag = ck_error(checking->binder->diags, check->is_broken ? CK_BAD_CHECK : CK_CHECK_FAILED, span_of(checking, SIZE_MAX),
					"%.*s", CK_STR_ARG(check->detail.n ? check->detail : CK_STR("this check does not hold")));

	explain_failure(checking, check, diag);
}

static bool has_choice(const Ck__Plan__Expr *expr)
{
	if (expr->kind == CK_EXPR_OR || expr->kind == CK_EXPR_NOT)
		return true;
	for (size_t i = 0; i < expr->n_args; i++)
		if (has_choice(expr->args[i]))
			return true;
	return false;
}

/* Whether a value of the function makes sense where it stands: tried with some value before the run. */
static bool try_values(struct ck_check *check)
{
	for (size_t i = 0; i < check->n_calls; i++)
		for (size_t j = 0; check->calls[i].function->phase == CK_PHASE_RUN && j < check->calls[i].n; j++)
			check->calls[i].values[j] = check->calls[i].function->result == CK_RESULT_TRUTH
							    ? (struct ck_value){ .kind = CK_EXPR_INT, .integer = 1 }
							    : (struct ck_value){ .kind = CK_EXPR_FLOAT, .number = 1 };
	ck_check_decide(check);
	for (size_t i = 0; i < check->n_calls; i++)
		for (size_t j = 0; check->calls[i].function->phase == CK_PHASE_RUN && j < check->calls[i].n; j++)
			check->calls[i].values[j] = (struct ck_value){ .unknown = true };
	return !check->is_broken;
}

/*
 * What the run alone can decide is left to it, and so is a check that mixes both kinds. But a check of values that names or types
 * already tell to fail is told now.
 */
static bool fails_early(struct checking *checking, struct ck_check *check)
{
	bool mixed = false, empty = false;

	for (size_t i = 0; i < check->n_calls; i++) {
		mixed = mixed || check->calls[i].function->phase == CK_PHASE_PLAN;
		empty = empty || (!check->calls[i].n && !ck_check_may_be_empty(&check->calls[i]));
	}
	compare_types(checking, check);
	ck_check_decide(check);
	return !mixed && (check->holds == CK_HOLDS_NO || (empty && !has_choice(check->message->condition)));
}

static bool decide(struct checking *checking)
{
	struct ck_binder *binder = checking->binder;
	const struct ck_manifest **manifests = ck_arena_array(binder->arena, binder->n_inputs, sizeof(*manifests));
	struct ck_check check = { .plan = binder->plan, .bound = binder->bound, .manifests = manifests, .n_manifests = binder->n_inputs,
				  .params = binder->params, .arena = binder->arena };
	bool fails;

	for (size_t i = 0; manifests && i < binder->n_inputs; i++)
		manifests[i] = binder->inputs[i].manifest;
	if (!manifests || !ck_check_open(&check, checking->unit->number))
		return ck_bind_nomem(binder);
	if (!checking->message->after_run) {
		ck_check_decide(&check);
		fails = check.holds != CK_HOLDS_YES;
	} else {
		fails = !try_values(&check) || fails_early(checking, &check);
	}
	if (fails)
		tell_failure(checking, &check);
	return !binder->nomem;
}

/* ---- all of them */

static bool bind_calls(struct checking *checking)
{
	for (size_t i = 0; i < checking->n_calls; i++)
		if (!bind_call(checking, i))
			return false;
	return true;
}

/* False only when memory is short: other checks may have messages too. */
static bool bind_check(struct ck_binder *binder, struct ck_coder *coder, size_t number)
{
	const Ck__Plan__Check *message = binder->code->checks[number];
	struct ck_unit unit = { .number = number, .is_check = true, .locals = message->locals, .n_locals = message->n_locals,
				.code = message->code, .n_code = message->n_code };
	struct checking checking = { .binder = binder, .coder = coder, .unit = &unit, .message = message,
				     .n_calls = ck_check_find_calls(message->condition, NULL),
				     .bound = ck_arena_alloc(binder->arena, sizeof(*checking.bound)) };

	checking.calls = ck_arena_array(binder->arena, checking.n_calls + 1, sizeof(*checking.calls));
	if (!checking.bound || !checking.calls)
		return ck_bind_nomem(binder);
	ck_check_find_calls(message->condition, checking.calls);
	ck__plan__bound_check__init(checking.bound);
	checking.bound->calls = ck_arena_array(binder->arena, checking.n_calls + 1, sizeof(*checking.bound->calls));
	if (!checking.bound->calls)
		return ck_bind_nomem(binder);
	binder->bound->checks[binder->bound->n_checks++] = checking.bound;
	if (!ck_unit_init(binder, &unit) || !ck_unit_find_used(binder, &unit))
		return !binder->nomem;
	if (!run_code(&checking) || !bind_calls(&checking))
		return !binder->nomem;
	return decide(&checking);
}

bool ck_bind_checks(struct ck_binder *binder)
{
	size_t n = binder->code->n_checks;
	struct ck_coder coder;

	if (!n)
		return true;
	binder->bound->checks = ck_arena_array(binder->arena, n, sizeof(*binder->bound->checks));
	if (!binder->bound->checks)
		return ck_bind_nomem(binder);
	if (!open_targets(binder) || !read_graph(binder) || !ck_coder_init(binder, &coder))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!bind_check(binder, &coder, i))
			return false;
	return !ck_bind_failed(binder);
}
