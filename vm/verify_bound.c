/* The plan verifier on what a plan was bound to: layout, the straight-line code of each target, uses of sources. */
#include <stdlib.h>

#include "bundle/data.h"
#include "bundle/graph.h"
#include "vm/verify.h"

/* ---- inputs, params */

static const Ck__Plan__BoundInput *find_input(const struct ck_verifier *verifier, uint32_t input)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;

	for (size_t i = 0; i < bound->n_inputs; i++)
		if (bound->inputs[i]->input == input)
			return bound->inputs[i];
	return NULL;
}

static bool verify_inputs(struct ck_verifier *verifier)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;

	if (bound->n_inputs > CK_INPUT_DECLARED + verifier->n_inputs)
		return ck_verify_fail(verifier, "%zu inputs", bound->n_inputs);
	for (size_t i = 0; i < bound->n_inputs; i++) {
		const Ck__Plan__BoundInput *input = bound->inputs[i];

		if (input->input == CK_INPUT_TARGET || input->input >= CK_INPUT_DECLARED + verifier->n_inputs)
			return ck_verify_fail(verifier, "input %u, which does not exist", input->input);
		if (find_input(verifier, input->input) != input)
			return ck_verify_fail(verifier, "input %u is bound twice", input->input);
		if (input->digest.len != CK_SHA256)
			return ck_verify_fail(verifier, "a digest of %zu bytes", input->digest.len);
	}
	return find_input(verifier, CK_INPUT_SOURCE) || ck_verify_fail(verifier, "no source is bound");
}

static bool verify_params(struct ck_verifier *verifier)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;

	for (size_t i = 0; i < bound->n_params; i++)
		if (!ck_verify_expr(verifier, bound->params[i]->value, CK_VERIFY_IN_CONSTANT, 0))
			return false;
	return bound->n_params <= verifier->n_params ||
	       ck_verify_fail(verifier, "%zu params, the code has %zu", bound->n_params, verifier->n_params);
}

/* ---- values and types */

/* A constant, whose kind and depth ck_verify_args() has checked. */
static bool value_of(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, struct ck_value *ret_value)
{
	*ret_value = (struct ck_value){ .kind = (enum ck_expr_kind)expr->kind, .integer = expr->integer, .number = expr->number,
					.text = ck_str_of(expr->text), .index = expr->index, .n_items = expr->n_args };
	if (!expr->n_args)
		return true;
	ret_value->items = ck_arena_array(verifier->arena, expr->n_args, sizeof(*ret_value->items));
	for (size_t i = 0; ret_value->items && i < expr->n_args; i++)
		if (!value_of(verifier, expr->args[i], &ret_value->items[i]))
			return false;
	return ret_value->items ? true : ck_verify_nomem(verifier);
}

/* The type of a LOAD or FILL: a dtype and constant dimensions. */
static bool type_of(struct ck_verifier *verifier, const Ck__Plan__Type *type, struct ck_type *ret_type)
{
	int64_t *dims;

	if (!type || !ck_dtype_info(type->dtype) || type->n_dims > CK_MAX_RANK)
		return ck_verify_fail(verifier, "it has no type");
	dims = ck_arena_array(verifier->arena, type->n_dims + 1, sizeof(*dims));
	for (size_t i = 0; dims && i < type->n_dims; i++) {
		const Ck__Plan__DimSpec *dim = type->dims[i];

		if (dim->kind != CK_DIM_VALUE || !dim->expr || dim->expr->kind != CK_EXPR_INT || dim->expr->integer < 0)
			return ck_verify_fail(verifier, "dimension %zu of its type is no size", i);
		dims[i] = dim->expr->integer;
	}
	*ret_type = (struct ck_type){ (enum ck_dtype)type->dtype, (int)type->n_dims, dims };
	return dims ? true : ck_verify_nomem(verifier);
}

/* Bytes of a type; elements where those have no fixed width (strings and the like). */
static bool size_of(struct ck_verifier *verifier, const struct ck_type *type, uint64_t *ret_n_bytes)
{
	uint64_t n = ck_dtype_width(type->dtype) ? ck_dtype_width(type->dtype) : 1;
	bool empty = false;

	for (int i = 0; i < type->rank; i++)
		empty = empty || type->dims[i] == 0;
	for (int i = 0; i < type->rank && !empty; i++)
		if (!ck_mul(n, (uint64_t)type->dims[i], &n))
			return ck_verify_fail(verifier, "a tensor of more than 2^64 bytes");
	if (n > INT64_MAX)
		return ck_verify_fail(verifier, "a tensor of more than 2^63 bytes");
	*ret_n_bytes = empty ? 0 : n;
	return true;
}

/* ---- the code of one target */

/* Checks read targets too. */
static bool verify_target_load(struct ck_verifier *verifier, const Ck__Plan__Insn *insn, const struct ck_type *type)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;
	const Ck__Plan__Target *target = insn->variable < bound->n_targets ? bound->targets[insn->variable] : NULL;
	bool same = target && target->dtype == type->dtype && target->n_dims == (size_t)type->rank;

	for (int i = 0; same && i < type->rank; i++)
		same = target->dims[i] == (uint64_t)type->dims[i];
	return same || ck_verify_fail(verifier, "target %llu, which does not exist or is of another type", (unsigned long long)insn->variable);
}

static bool verify_leaf(struct ck_verifier *verifier, const Ck__Plan__Insn *insn, const struct ck_op_info *op, struct ck_type *ret_type)
{
	const Ck__Plan__BoundInput *input;
	struct ck_infer infer = { .arena = verifier->arena };
	struct ck_value fill;

	if (!type_of(verifier, insn->type, ret_type))
		return false;
	if (insn->n_src)
		return ck_verify_fail(verifier, "%s reads a register", op->name);
	verifier->keeps_bytes = verifier->keeps_bytes && op->op == CK_OP_LOAD;
	if (op->op == CK_OP_LOAD) {
		verifier->n_loads++;
		if (verifier->in_check && insn->input == CK_INPUT_TARGET)
			return verify_target_load(verifier, insn, ret_type);
		input = find_input(verifier, insn->input);
		return (input && insn->variable < input->n_variables) ||
		       ck_verify_fail(verifier, "variable %llu of input %u, which does not exist", (unsigned long long)insn->variable, insn->input);
	}
	if (!value_of(verifier, insn->args[0], &fill))
		return false;
	if (ck_fill_info(fill.index)->rows_only)
		return ck_verify_fail(verifier, "the fill `%s` without old rows", ck_fill_info(fill.index)->name);
	return ck_fill_check(&infer, &fill, ret_type) == CK_OK || ck_verify_fail(verifier, "%.*s", CK_STR_ARG(infer.message));
}

static bool infer_insn(struct ck_verifier *verifier, const Ck__Plan__Insn *insn, const struct ck_op_info *op, const struct ck_type *types,
		       struct ck_type *ret_type)
{
	struct ck_type *operands = ck_arena_array(verifier->arena, insn->n_src + 1, sizeof(*operands)), *results;
	struct ck_value *args = ck_arena_array(verifier->arena, insn->n_args + 1, sizeof(*args));
	struct ck_infer infer = { .arena = verifier->arena, .op = op, .args = args, .operands = operands, .n_operands = insn->n_src };
	size_t n_results;
	enum ck_code code;

	if (!operands || !args)
		return ck_verify_nomem(verifier);
	for (size_t i = 0; i < insn->n_src; i++)
		operands[i] = types[insn->src[i]];
	for (size_t i = 0; i < insn->n_args; i++)
		if (!value_of(verifier, insn->args[i], &args[i]))
			return false;
	code = ck_op_infer(&infer, &results, &n_results);
	if (code == CK_NOMEM)
		return ck_verify_nomem(verifier);
	if (code != CK_OK)
		return ck_verify_fail(verifier, "%s: %.*s", op->name, CK_STR_ARG(infer.message));
	*ret_type = results[0];
	verifier->keeps_bytes = verifier->keeps_bytes && insn->n_src == 1 && ck_type_known(&operands[0]) && ck_op_keeps_bytes(&infer);
	return ck_type_known(ret_type) || ck_verify_fail(verifier, "%s: its result is not known", op->name);
}

static bool verify_insn(struct ck_verifier *verifier, const Ck__Plan__Insn *insn, struct ck_type *types)
{
	const struct ck_op_info *op = ck_op_info(insn->op);
	bool leaf = op && (op->op == CK_OP_LOAD || op->op == CK_OP_FILL);

	if (!op || op->state == CK_STATE_LATER || (op->arity == CK_ARITY_MACHINE && !leaf) || op->arity == CK_ARITY_SPLIT ||
	    op->arity == CK_ARITY_PICK)
		return ck_verify_fail(verifier, "operator %u, which does not exist in bound code", insn->op);
	if (insn->made_for.len > CK_MAX_NAME)
		return ck_verify_fail(verifier, "%s is made for a name of %zu bytes", op->name, insn->made_for.len);
	if (insn->source || insn->n_goals || insn->where || (insn->type && !leaf) || (op->op != CK_OP_LOAD && (insn->input || insn->variable)))
		return ck_verify_fail(verifier, "%s has what only portable code has", op->name);
	for (size_t i = 0; i < insn->n_src; i++)
		if (insn->src[i] >= verifier->n_registers || !verifier->defined[insn->src[i]])
			return ck_verify_fail(verifier, "register %u is not defined", insn->src[i]);
	if (insn->dst >= verifier->n_registers || verifier->defined[insn->dst])
		return ck_verify_fail(verifier, "register %u is %s", insn->dst,
				      insn->dst >= verifier->n_registers ? "outside the frame" : "defined twice");
	verifier->defined[insn->dst] = true;
	if (!ck_verify_args(verifier, insn->args, insn->n_args, op->params, op->n_params, CK_VERIFY_IN_CONSTANT))
		return false;
	return leaf ? verify_leaf(verifier, insn, op, &types[insn->dst]) : infer_insn(verifier, insn, op, types, &types[insn->dst]);
}

/* What a target of this type takes; of strings only empty ones have a size that the plan tells. */
static bool verify_n_bytes(struct ck_verifier *verifier, const Ck__Plan__Target *target, const struct ck_type *type)
{
	uint64_t n_bytes = target->n_bytes;

	if (ck_dtype_width(type->dtype)) {
		if (!size_of(verifier, type, &n_bytes))
			return false;
	} else if (!target->unchanged) {
		if (verifier->n_loads || !size_of(verifier, type, &n_bytes))
			return verifier->result == CK_OK && ck_verify_fail(verifier, "its bytes can only be carried unchanged");
		n_bytes = ck_strings_bytes_of_empty(n_bytes);
	}
	return n_bytes == target->n_bytes || ck_verify_fail(verifier, "it says %llu bytes and has %llu", (unsigned long long)target->n_bytes,
							    (unsigned long long)n_bytes);
}

static bool verify_result(struct ck_verifier *verifier, const Ck__Plan__Target *target, const struct ck_type *type)
{
	bool same = target->dtype == type->dtype && target->n_dims == (size_t)type->rank;
	struct ck_buf text = { 0 };

	for (int i = 0; same && i < type->rank; i++)
		same = target->dims[i] == (uint64_t)type->dims[i];
	if (!same) {
		ck_buf_type(&text, type);
		ck_verify_fail(verifier, "its code makes %.*s, which is not what it says", (int)text.n, text.p ? text.p : "");
		ck_buf_clear(&text);
		return false;
	}
	if (target->unchanged && (!verifier->keeps_bytes || verifier->n_loads != 1))
		return ck_verify_fail(verifier, "its code changes bytes, and it says they are unchanged");
	if (target->kept && !target->unchanged)
		return ck_verify_fail(verifier, "it is kept, and not unchanged");
	return verify_n_bytes(verifier, target, type);
}

/* Straight-line code; the type of what it makes. */
static bool verify_code(struct ck_verifier *verifier, Ck__Plan__Insn *const *code, size_t n_code, uint32_t n_registers, struct ck_type *ret_type)
{
	struct ck_type *types = ck_arena_array(verifier->arena, n_code + 1, sizeof(*types));

	if (!n_code)
		return ck_verify_fail(verifier, "it has no code");
	if (n_registers > n_code)
		return ck_verify_fail(verifier, "%u registers for %zu instructions", n_registers, n_code);
	verifier->n_registers = n_registers;
	verifier->n_loads = 0;
	verifier->keeps_bytes = true;
	verifier->defined = ck_arena_array(verifier->arena, (size_t)n_registers + 1, sizeof(*verifier->defined));
	if (!types || !verifier->defined)
		return ck_verify_nomem(verifier);
	for (size_t i = 0; i < n_code; i++) {
		verifier->insn = i;
		if (!verify_insn(verifier, code[i], types))
			return false;
	}
	verifier->insn = SIZE_MAX;
	*ret_type = types[code[n_code - 1]->dst];
	return true;
}

static bool verify_target_code(struct ck_verifier *verifier, const Ck__Plan__Target *target)
{
	struct ck_type type = { 0 };

	return verify_code(verifier, target->code, target->n_code, target->n_registers, &type) && verify_result(verifier, target, &type);
}

/* ---- targets and their places */

/* What a run copies into a checkpoint is an object graph. */
static bool verify_graph_bytes(struct ck_verifier *verifier)
{
	struct ck_arena *arena = ck_arena_new(CK_PLAN_LIMIT);
	struct ck_graph *graph = NULL;
	struct ck_diags unsaid;
	enum ck_code code = CK_NOMEM;

	if (arena && ck_diags_init(&unsaid)) {
		code = ck_graph_decode(ck_str_of(verifier->plan->bound->graph), arena, &unsaid, &graph);
		ck_diags_clear(&unsaid);
	}
	ck_arena_free(arena);
	if (code == CK_NOMEM)
		return ck_verify_nomem(verifier);
	return code == CK_OK || ck_verify_fail(verifier, "an object graph that is damaged");
}

/* The object graph has no code: its bytes stand in the plan, or were not at hand when it was made, and then it cannot be run. */
static bool verify_graph(struct ck_verifier *verifier, const Ck__Plan__Target *target)
{
	size_t n = verifier->plan->bound->graph.len;

	if (target->dtype != CK_DT_STRING || target->n_dims || target->rule || target->unchanged)
		return ck_verify_fail(verifier, "an object graph that is no single string");
	if (n && target->n_bytes != ck_strings_bytes_of_one(n))
		return ck_verify_fail(verifier, "it says %llu bytes and has %llu", (unsigned long long)target->n_bytes,
				      (unsigned long long)ck_strings_bytes_of_one(n));
	return !n || verify_graph_bytes(verifier);
}

static bool verify_target(struct ck_verifier *verifier, const Ck__Plan__Target *target)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;
	uint64_t end;

	if (!target->label.len || target->label.len > CK_MAX_NAME || !target->key.len || target->key.len > CK_MAX_NAME)
		return ck_verify_fail(verifier, "it has no name, or one that is too long");
	if (target->rule > verifier->n_rules)
		return ck_verify_fail(verifier, "rule %u of %zu", target->rule, verifier->n_rules);
	if (target->shard >= bound->n_shard_sizes)
		return ck_verify_fail(verifier, "shard %u of %zu", target->shard, bound->n_shard_sizes);
	if (!ck_add(target->offset, target->n_bytes, &end) || end > bound->shard_sizes[target->shard])
		return ck_verify_fail(verifier, "its bytes end beyond the shard's %llu", (unsigned long long)bound->shard_sizes[target->shard]);
	if (!target->n_code && ck_str_equal(ck_str_of(target->key), CK_STR(CK_GRAPH_KEY)))
		return verify_graph(verifier, target);
	return verify_target_code(verifier, target);
}

static bool verify_targets(struct ck_verifier *verifier)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;
	struct ck_map labels;
	size_t first;

	ck_map_init(&labels, verifier->arena);
	if (!ck_map_reserve(&labels, bound->n_targets))
		return ck_verify_nomem(verifier);
	verifier->part = "target";
	for (size_t i = 0; i < bound->n_targets; i++) {
		struct ck_str label = ck_str_of(bound->targets[i]->label);

		verifier->number = i;
		verifier->insn = SIZE_MAX;
		if (!verify_target(verifier, bound->targets[i]))
			return false;
		if (i && ck_str_compare(ck_str_of(bound->targets[i - 1]->key), ck_str_of(bound->targets[i]->key)) >= 0)
			return ck_verify_fail(verifier, "its key does not come after the one before");
		if (ck_map_get(&labels, label, &first))
			return ck_verify_fail(verifier, "it has the name of target %zu", first);
		if (!ck_map_put(&labels, label, i))
			return ck_verify_nomem(verifier);
	}
	verifier->part = NULL;
	return true;
}

static int compare_places(const void *a, const void *b)
{
	const Ck__Plan__Target *x = *(Ck__Plan__Target *const *)a, *y = *(Ck__Plan__Target *const *)b;

	if (x->shard != y->shard)
		return x->shard < y->shard ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool verify_links(struct ck_verifier *verifier)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;

	if (bound->n_links > bound->n_shard_sizes)
		return ck_verify_fail(verifier, "%zu linked shards of %zu", bound->n_links, bound->n_shard_sizes);
	for (size_t i = 0; i < bound->n_links; i++) {
		if (!find_input(verifier, bound->links[i]->input) || bound->links[i]->shard >= CK_MAX_SHARDS)
			return ck_verify_fail(verifier, "shard %zu is linked to nothing", i);
	}
	for (size_t i = 0; i < bound->n_targets; i++)
		if (bound->targets[i]->shard < bound->n_links && !bound->targets[i]->unchanged)
			return ck_verify_fail(verifier, "target %zu is written to a linked shard", i);
	return true;
}

/* Variables that were one may share their bytes, in the shard that they lay in. */
static bool shares(const Ck__Plan__Bound *bound, const Ck__Plan__Target *a, const Ck__Plan__Target *b)
{
	return a->shard < bound->n_links && a->offset == b->offset && a->n_bytes == b->n_bytes;
}

/* No byte of the output has two owners. Ends fit, as verify_target() has shown. */
static bool verify_layout(struct ck_verifier *verifier)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;
	Ck__Plan__Target **targets = ck_arena_array(verifier->arena, bound->n_targets + 1, sizeof(*targets));
	size_t n = 0;

	if (!targets)
		return ck_verify_nomem(verifier);
	for (size_t i = 0; i < bound->n_targets; i++)
		if (bound->targets[i]->n_bytes)
			targets[n++] = bound->targets[i];
	qsort(targets, n, sizeof(*targets), compare_places);
	for (size_t i = 1; i < n; i++)
		if (targets[i]->shard == targets[i - 1]->shard && targets[i]->offset < targets[i - 1]->offset + targets[i - 1]->n_bytes &&
		    !shares(bound, targets[i - 1], targets[i]))
			return ck_verify_fail(verifier, "the bytes of two targets overlap at %llu of shard %u",
					      (unsigned long long)targets[i]->offset, targets[i]->shard);
	return true;
}

/* ---- uses, totals */

static bool verify_use(struct ck_verifier *verifier, const Ck__Plan__Use *use, const Ck__Plan__Use *before)
{
	if (!find_input(verifier, use->input) || !use->key.len || !use->label.len || use->what < CK_USE_MAPPED || use->what > CK_USE_DROPPED)
		return ck_verify_fail(verifier, "it uses nothing");
	for (size_t i = 0; i < use->n_rules; i++)
		if (use->rules[i] >= verifier->n_rules)
			return ck_verify_fail(verifier, "rule %u of %zu", use->rules[i], verifier->n_rules);
	if (before && (before->input > use->input ||
		       (before->input == use->input && ck_str_compare(ck_str_of(before->key), ck_str_of(use->key)) >= 0)))
		return ck_verify_fail(verifier, "its key does not come after the one before");
	return true;
}

static bool verify_uses(struct ck_verifier *verifier)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;

	verifier->part = "use";
	for (size_t i = 0; i < bound->n_uses; i++) {
		verifier->number = i;
		if (!verify_use(verifier, bound->uses[i], i ? bound->uses[i - 1] : NULL))
			return false;
	}
	verifier->part = NULL;
	for (size_t i = 0; i < bound->n_inexact_rules; i++)
		if (bound->inexact_rules[i] >= verifier->n_rules)
			return ck_verify_fail(verifier, "rule %u of %zu", bound->inexact_rules[i], verifier->n_rules);
	return (bound->exactness >= CK_EXACT && bound->exactness <= CK_ONE_WAY) ||
	       ck_verify_fail(verifier, "an exactness of %u", bound->exactness);
}

/* ---- checks */

static bool is_pair(const struct ck_function_info *function)
{
	return function->function == CK_FUNCTION_EQUAL || function->function == CK_FUNCTION_CLOSE;
}

/* Elements without a size (strings and the like) are no matter for operators. */
static bool verify_check_value(struct ck_verifier *verifier, const Ck__Plan__CheckValue *value)
{
	struct ck_type type;

	return verify_code(verifier, value->code, value->n_code, value->n_registers, &type) &&
	       (ck_dtype_width(type.dtype) || (value->n_code == 1 && value->code[0]->op == CK_OP_LOAD) ||
		ck_verify_fail(verifier, "it computes with %s", ck_dtype_name(type.dtype)));
}

/* What the plan tells of matches that are in no checkpoint: their names, and of each an answer or a value that gives it. */
static bool verify_known(struct ck_verifier *verifier, const Ck__Plan__BoundCall *call, const struct ck_function_info *function)
{
	bool is_sum = function->phase == CK_PHASE_PLAN && function->result != CK_RESULT_DTYPE && function->result != CK_RESULT_SHAPE;
	size_t n_open = 0;

	if (!call->n_labels && !call->n_known)
		return true;
	for (size_t i = 0; i < call->n_known; i++) {
		n_open += call->known[i]->kind == CK_EXPR_NONE;
		if (call->known[i]->kind != CK_EXPR_NONE && !ck_verify_expr(verifier, call->known[i], CK_VERIFY_IN_CONSTANT, 0))
			return false;
	}
	if (call->n_variables)
		return ck_verify_fail(verifier, "the function `%s` with variables that are in no checkpoint", function->name);
	if (is_pair(function) ? call->n_known || call->n_labels * 2 != call->n_values
			      : call->n_values != n_open || call->n_known != (is_sum ? 1 : call->n_labels) || (is_sum && n_open))
		return ck_verify_fail(verifier, "the function `%s` with %zu names, %zu answers and %zu values", function->name, call->n_labels,
				      call->n_known, call->n_values);
	return true;
}

static bool verify_call(struct ck_verifier *verifier, const Ck__Plan__BoundCall *call, const struct ck_function_info *function)
{
	const Ck__Plan__BoundInput *input = find_input(verifier, call->input);
	uint64_t limit = call->input == CK_INPUT_TARGET ? verifier->plan->bound->n_targets : input ? input->n_variables : 0;

	if (!verify_known(verifier, call, function))
		return false;
	if (call->n_variables && (call->n_values || is_pair(function)))
		return ck_verify_fail(verifier, "the function `%s` with variables and values", function->name);
	if (call->n_values && (function->phase == CK_PHASE_PLAN || (is_pair(function) && call->n_values % 2)))
		return ck_verify_fail(verifier, "the function `%s` with %zu values", function->name, call->n_values);
	for (size_t i = 0; i < call->n_variables; i++)
		if (call->variables[i] >= limit)
			return ck_verify_fail(verifier, "variable %llu of input %u, which does not exist", (unsigned long long)call->variables[i], call->input);
	for (size_t i = 0; i < call->n_values; i++)
		if (!verify_check_value(verifier, call->values[i]))
			return false;
	return true;
}

/* The functions of a condition, in the order of their places. */
static bool verify_calls(struct ck_verifier *verifier, const Ck__Plan__Expr *expr, const Ck__Plan__BoundCheck *check, size_t *n_calls)
{
	if (expr->kind == CK_EXPR_CALL) {
		if (*n_calls >= check->n_calls)
			return ck_verify_fail(verifier, "it has more functions than it is bound with");
		return verify_call(verifier, check->calls[(*n_calls)++], ck_function_info(expr->index));
	}
	for (size_t i = 0; i < expr->n_args; i++)
		if (!verify_calls(verifier, expr->args[i], check, n_calls))
			return false;
	return true;
}

static bool verify_checks(struct ck_verifier *verifier)
{
	const Ck__Plan__Bound *bound = verifier->plan->bound;

	if (bound->n_checks != verifier->n_checks)
		return ck_verify_fail(verifier, "%zu checks are bound, the code has %zu", bound->n_checks, verifier->n_checks);
	verifier->part = "bound check";
	verifier->in_check = true;
	for (size_t i = 0; i < bound->n_checks; i++) {
		size_t n_calls = 0;

		verifier->number = i;
		if (!verify_calls(verifier, verifier->checks[i]->condition, bound->checks[i], &n_calls))
			return false;
		if (n_calls != bound->checks[i]->n_calls)
			return ck_verify_fail(verifier, "it has %zu functions and is bound with %zu", n_calls, bound->checks[i]->n_calls);
	}
	verifier->in_check = false;
	verifier->part = NULL;
	return true;
}

bool ck_verify_bound(struct ck_verifier *verifier)
{
	/* Bound code has no locals: every argument is a constant. */
	verifier->locals = NULL;
	verifier->n_locals = 0;
	if (verifier->plan->bound->n_shard_sizes > CK_MAX_SHARDS)
		return ck_verify_fail(verifier, "%zu shards", verifier->plan->bound->n_shard_sizes);
	return verify_inputs(verifier) && verify_params(verifier) && verify_targets(verifier) && verify_links(verifier) &&
	       verify_layout(verifier) &&
	       verify_uses(verifier) && verify_checks(verifier);
}
