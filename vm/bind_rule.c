/* The code of a rule, instruction by instruction, on relations of lazy values. */
#include "vm/bind_internal.h"

#include <inttypes.h>
#include <string.h>

/* ---- nodes */

struct ck_node *ck_node_load(struct ck_binder *binder, uint32_t input, size_t variable, size_t insn)
{
	struct ck_node *node = ck_arena_alloc(binder->scratch, sizeof(*node));

	if (!node) {
		ck_bind_nomem(binder);
		return NULL;
	}
	*node = (struct ck_node){ .op = CK_OP_LOAD, .insn = insn, .type = binder->inputs[input].items[variable].type, .input = input,
				  .variable = variable };
	return node;
}

struct ck_value ck_value_zeros(void)
{
	return (struct ck_value){ .kind = CK_EXPR_FILL, .index = CK_FILL_ZEROS };
}

struct ck_node *ck_node_fill(struct ck_binder *binder, const struct ck_value *fill, struct ck_type type, size_t insn)
{
	struct ck_node *node = ck_arena_alloc(binder->scratch, sizeof(*node));
	struct ck_value *args = ck_arena_array(binder->arena, 1, sizeof(*args));

	if (!node || !args) {
		ck_bind_nomem(binder);
		return NULL;
	}
	args[0] = *fill;
	*node = (struct ck_node){ .op = CK_OP_FILL, .insn = insn, .type = type, .args = args };
	return node;
}

const struct ck_value *ck_node_arg(const struct ck_node *node, const char *name)
{
	const struct ck_op_info *op = ck_op_info(node->op);
	size_t i = ck_param_index(op->params, op->n_params, name);

	return i < op->n_params && node->args ? &node->args[i] : NULL;
}

static void label_operand(struct ck_binder *binder, struct ck_unit *unit, struct ck_diag *diag, const struct ck_node *operand,
			  const struct ck_type *type)
{
	struct ck_span span = ck_unit_span(binder, unit, operand->insn);
	struct ck_buf text = { 0 };

	ck_buf_type(&text, type);
	if (operand->op == CK_OP_LOAD && binder->inputs[operand->input].manifest)
		ck_diag_label(binder->diags, diag, span, "\"%.*s\" is %.*s",
			      CK_STR_ARG(ck_bind_label_text(binder, operand->input, operand->variable)), (int)text.n, text.p);
	else
		ck_diag_label(binder->diags, diag, span, "makes %.*s", (int)text.n, text.p);
	ck_buf_clear(&text);
}

static void infer_failed(struct ck_binder *binder, struct ck_unit *unit, size_t insn, enum ck_code code, const struct ck_infer *infer,
			 struct ck_node *const *operands)
{
	enum { SHOWN = 3 };
	struct ck_diag *diag;

	if (!ck_bind_once(unit, insn))
		return;
	diag = ck_error(binder->diags, code, ck_unit_span(binder, unit, insn), "%.*s", CK_STR_ARG(infer->message));
	for (size_t i = 0; i < infer->n_operands && i < SHOWN; i++) {
		/* Of many members the first, the one before the odd one, and that one. */
		size_t at = i && infer->odd >= SHOWN ? infer->odd + i + 1 - SHOWN : i;

		/* Members that one split made stand at one place. */
		if (i && operands[at]->op != CK_OP_LOAD && operands[at]->insn == operands[at - 1]->insn)
			continue;
		label_operand(binder, unit, diag, operands[at], &infer->operands[at]);
	}
	if (infer->help.n)
		ck_diag_help(binder->diags, diag, "%.*s", CK_STR_ARG(infer->help));
}

/* Runs the shape rule. */
static bool infer(struct ck_binder *binder, struct ck_unit *unit, enum ck_op op, size_t insn, const struct ck_value *args,
		  struct ck_node *const *operands, size_t n_operands, struct ck_type **ret_types, size_t *ret_n)
{
	struct ck_type *types = ck_arena_array(binder->scratch, n_operands + 1, sizeof(*types));
	struct ck_infer rule = { .arena = binder->arena, .op = ck_op_info(op), .args = args, .operands = types, .n_operands = n_operands };
	enum ck_code code;

	if (!types)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < n_operands; i++)
		types[i] = operands[i]->type;
	code = ck_op_infer(&rule, ret_types, ret_n);
	if (code == CK_NOMEM)
		return ck_bind_nomem(binder);
	if (code != CK_OK && unit)
		infer_failed(binder, unit, insn, code, &rule, operands);
	return code == CK_OK;
}

static struct ck_node *make_node(struct ck_binder *binder, enum ck_op op, size_t insn, const struct ck_value *args, struct ck_node **operands,
				 size_t n_operands, struct ck_type type)
{
	struct ck_node *node = ck_arena_alloc(binder->scratch, sizeof(*node));

	if (!node) {
		ck_bind_nomem(binder);
		return NULL;
	}
	*node = (struct ck_node){ .op = op, .insn = insn, .type = type, .args = args, .operands = operands, .n_operands = n_operands };
	return node;
}

struct ck_node *ck_node_op(struct ck_binder *binder, struct ck_unit *unit, enum ck_op op, size_t insn, const struct ck_value *args,
			   struct ck_node **operands, size_t n_operands)
{
	struct ck_type *types = NULL;
	size_t n = 0;

	if (!infer(binder, unit, op, insn, args, operands, n_operands, &types, &n) || n != 1)
		return NULL;
	return make_node(binder, op, insn, args, operands, n_operands, types[0]);
}

struct ck_node *ck_node_from(struct ck_binder *binder, const struct ck_node *like, struct ck_node **operands, const struct ck_value *args)
{
	struct ck_node **copy = ck_arena_array(binder->scratch, like->n_operands + 1, sizeof(*copy));

	if (!copy) {
		ck_bind_nomem(binder);
		return NULL;
	}
	if (like->n_operands)
		memcpy(copy, operands, like->n_operands * sizeof(*copy));
	return ck_node_op(binder, NULL, like->op, like->insn, args, copy, like->n_operands);
}

/* ---- arguments */

static bool asks_locals(const Ck__Plan__Expr *expr)
{
	if (expr->kind == CK_EXPR_LOCAL)
		return true;
	for (size_t i = 0; i < expr->n_args; i++)
		if (asks_locals(expr->args[i]))
			return true;
	return false;
}

/* An instruction's arguments; those that no row changes are computed once. */
struct arguments {
	bool constant;
	struct ck_value *values;
};

static bool is_unknown(const struct ck_value *value)
{
	bool unknown = value->unknown;

	for (size_t i = 0; i < value->n_items && !unknown; i++)
		unknown = is_unknown(&value->items[i]);
	return unknown;
}

/* The compiler has seen to it that there is one; plans come from elsewhere too. */
static bool no_value(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_str name)
{
	if (ck_bind_once(unit, insn))
		ck_diag_help(binder->diags,
			     ck_error(binder->diags, CK_BAD_VALUE, ck_unit_span(binder, unit, insn), "`%.*s` of %s is computed from what has no value here",
				      CK_STR_ARG(name), ck_op_info(unit->code[insn]->op)->name),
			     "captures and dimensions have values where their source is read, and in all that is made of it");
	return false;
}

static bool eval_args(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_binding *bindings, struct arguments *args)
{
	const Ck__Plan__Insn *code = unit->code[insn];
	const struct ck_op_info *op = ck_op_info(code->op);
	struct ck_env env = ck_bind_env(binder, unit, bindings);
	struct ck_diag *diag;

	if (args->constant && args->values)
		return true;
	args->constant = true;
	args->values = ck_arena_array(binder->arena, op->n_params + 1, sizeof(*args->values));
	if (!args->values)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < op->n_params && i < code->n_args; i++) {
		/* over= and as= are names, and have no place in bound code. */
		if (op->params[i].kind == CK_PARAM_CAPTURE || op->params[i].kind == CK_PARAM_NAME)
			continue;
		args->constant = args->constant && !asks_locals(code->args[i]);
		if (ck_expr_eval(code->args[i], &env, &args->values[i]) == CK_OK) {
			if (is_unknown(&args->values[i]))
				return no_value(binder, unit, insn, op->params[i].name);
			continue;
		}
		if (ck_arena_failed(binder->arena))
			return ck_bind_nomem(binder);
		if (ck_bind_once(unit, insn)) {
			diag = ck_error(binder->diags, CK_BAD_VALUE, ck_unit_span(binder, unit, insn), "`%.*s` of %s: %.*s", CK_STR_ARG(op->params[i].name),
					op->name, CK_STR_ARG(env.message));
			if (env.help.n)
				ck_diag_help(binder->diags, diag, "%.*s", CK_STR_ARG(env.help));
		}
		return false;
	}
	if (op->op == CK_OP_TAKE) {
		size_t file = ck_param_index(op->params, op->n_params, "file"), list = ck_param_index(op->params, op->n_params, "indices");

		if (args->values[file].kind != CK_EXPR_NONE) {
			if (!ck_bind_indices(binder, unit, insn, args->values[file].text, &args->values[list]))
				return false;
			args->values[file] = (struct ck_value){ 0 };
		}
	}
	return true;
}

static const Ck__Plan__Expr *local_arg(const Ck__Plan__Insn *insn, const char *name)
{
	const struct ck_op_info *op = ck_op_info(insn->op);
	size_t i = ck_param_index(op->params, op->n_params, name);

	return i < insn->n_args && insn->args[i]->kind == CK_EXPR_LOCAL ? insn->args[i] : NULL;
}

/* ---- operators on rows */

static bool add_row(struct ck_binder *binder, struct ck_relation *relation, const struct ck_row *like, struct ck_node **nodes, size_t n_nodes)
{
	struct ck_row *row = ck_relation_add(binder, relation);

	if (!row)
		return false;
	*row = *like;
	row->nodes = nodes;
	row->n_nodes = n_nodes;
	return true;
}

/* Member by member. False only when memory is short; a row that fails is left out. */
static bool each_member(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_value *args, const struct ck_row *row,
			struct ck_relation *result)
{
	struct ck_node **nodes = ck_arena_array(binder->scratch, row->n_nodes + 1, sizeof(*nodes));

	for (size_t i = 0; nodes && i < row->n_nodes; i++) {
		struct ck_node **operand = ck_arena_array(binder->scratch, 1, sizeof(*operand));

		if (!operand)
			return ck_bind_nomem(binder);
		operand[0] = row->nodes[i];
		nodes[i] = ck_node_op(binder, unit, (enum ck_op)unit->code[insn]->op, insn, args, operand, 1);
		if (!nodes[i])
			return !binder->nomem;
	}
	return nodes ? add_row(binder, result, row, nodes, row->n_nodes) : ck_bind_nomem(binder);
}

static bool join_members(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_value *args, const struct ck_row *row,
			 struct ck_relation *result)
{
	struct ck_node **nodes = ck_arena_array(binder->scratch, 1, sizeof(*nodes));

	if (!nodes)
		return ck_bind_nomem(binder);
	nodes[0] = ck_node_op(binder, unit, (enum ck_op)unit->code[insn]->op, insn, args, row->nodes, row->n_nodes);
	return nodes[0] ? add_row(binder, result, row, nodes, 1) : !binder->nomem;
}

static bool pick_member(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_value *args, const struct ck_row *row,
			struct ck_relation *result)
{
	struct ck_node **nodes = ck_arena_array(binder->scratch, 1, sizeof(*nodes));
	struct ck_type *types;
	size_t n;
	int64_t at;

	if (!nodes)
		return ck_bind_nomem(binder);
	if (!infer(binder, unit, CK_OP_PICK, insn, args, row->nodes, row->n_nodes, &types, &n))
		return !binder->nomem;
	at = args[0].integer;
	nodes[0] = row->nodes[at < 0 ? at + (int64_t)row->n_nodes : at];
	return add_row(binder, result, row, nodes, 1);
}

static struct ck_value int_value(int64_t integer)
{
	return (struct ck_value){ .kind = CK_EXPR_INT, .integer = integer };
}

/* Member k of a split, as a slice; of an unstack, as an index. Bound code has no operator with many results. */
static struct ck_node *split_part(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_node *whole, int axis, int64_t start,
				  int64_t stop)
{
	bool unstack = unit->code[insn]->op == CK_OP_UNSTACK;
	struct ck_value *args = ck_arena_array(binder->arena, 4, sizeof(*args));
	struct ck_value *items = ck_arena_array(binder->arena, (size_t)axis + 1, sizeof(*items));
	struct ck_node **operand = ck_arena_array(binder->scratch, 1, sizeof(*operand));

	if (!args || !items || !operand) {
		ck_bind_nomem(binder);
		return NULL;
	}
	operand[0] = whole;
	if (!unstack) {
		args[0] = int_value(axis);
		args[1] = int_value(start);
		args[2] = int_value(stop);
		args[3] = int_value(1);
		return ck_node_op(binder, unit, CK_OP_SLICE, insn, args, operand, 1);
	}
	for (int i = 0; i < axis; i++) {
		items[i] = (struct ck_value){ .kind = CK_EXPR_LIST, .n_items = 3, .items = ck_arena_array(binder->arena, 3, sizeof(*items)) };
		if (!items[i].items)
			return NULL;
	}
	items[axis] = int_value(start);
	args[0] = (struct ck_value){ .kind = CK_EXPR_LIST, .items = items, .n_items = (size_t)axis + 1 };
	return ck_node_op(binder, unit, CK_OP_INDEX, insn, args, operand, 1);
}

static bool add_part(struct ck_binder *binder, struct ck_unit *unit, const Ck__Plan__Expr *as, const struct ck_row *row, struct ck_node *part,
		     size_t k, struct ck_relation *result)
{
	struct ck_node **nodes = ck_arena_array(binder->scratch, 1, sizeof(*nodes));
	struct ck_row copy = *row;

	copy.bindings = ck_bindings_copy(binder, unit, row->bindings);
	if (!nodes || !copy.bindings)
		return ck_bind_nomem(binder);
	nodes[0] = part;
	copy.bindings[as->index] = (struct ck_binding){ .set = true, .number = (int64_t)k, .has_number = true,
							.text = ck_str_format(binder->arena, "%zu", k) };
	return add_row(binder, result, &copy, nodes, 1);
}

/* The parts of one value, behind those that are there; false also after a message. */
static bool split_node(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_value *args, struct ck_node *whole,
		       struct ck_node ***parts, size_t *n_parts, size_t *capacity)
{
	struct ck_type *types = NULL;
	int64_t start = 0;
	size_t n = 0;
	int axis;

	if (!infer(binder, unit, (enum ck_op)unit->code[insn]->op, insn, args, &whole, 1, &types, &n))
		return false;
	axis = (int)(args[0].integer < 0 ? args[0].integer + whole->type.rank : args[0].integer);
	for (size_t k = 0; k < n; k++) {
		int64_t size = unit->code[insn]->op == CK_OP_UNSTACK ? 1 : types[k].dims[axis];
		struct ck_node *part = split_part(binder, unit, insn, whole, axis, start, start + size);

		if (!part)
			return false;
		if (!ck_arena_grow(binder->arena, (void **)parts, *n_parts, capacity, sizeof(**parts)))
			return ck_bind_nomem(binder);
		(*parts)[(*n_parts)++] = part;
		start += size;
	}
	return true;
}

/* Of a tuple each member in turn; the result is one tuple of all parts. */
static bool split_row(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_value *args, const struct ck_row *row,
		      struct ck_relation *result)
{
	const Ck__Plan__Expr *as = local_arg(unit->code[insn], "as");
	struct ck_node **parts = NULL;
	size_t n = 0, capacity = 0;

	if (as && row->n_nodes != 1) {
		if (ck_bind_once(unit, insn))
			ck_error(binder->diags, CK_BAD_TUPLE, ck_unit_span(binder, unit, insn), "`%s` with as= wants one value, here are %zu",
				 ck_op_info(unit->code[insn]->op)->name, row->n_nodes);
		return true;
	}
	for (size_t i = 0; i < row->n_nodes; i++)
		if (!split_node(binder, unit, insn, args, row->nodes[i], &parts, &n, &capacity))
			return !binder->nomem;
	for (size_t k = 0; as && k < n; k++)
		if (!add_part(binder, unit, as, row, parts[k], k, result))
			return false;
	return as ? true : add_row(binder, result, row, parts, n);
}

static bool operate_row(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_value *args, const struct ck_row *row,
			struct ck_relation *result)
{
	const struct ck_op_info *op = ck_op_info(unit->code[insn]->op);
	size_t axis = ck_param_index(op->params, op->n_params, "axis");

	switch (op->arity) {
	case CK_ARITY_EACH:
		return each_member(binder, unit, insn, args, row, result);
	case CK_ARITY_JOIN:
		return join_members(binder, unit, insn, args, row, result);
	case CK_ARITY_REDUCE:
		if (axis < op->n_params && args[axis].kind != CK_EXPR_NONE)
			return each_member(binder, unit, insn, args, row, result);
		return join_members(binder, unit, insn, args, row, result);
	case CK_ARITY_SPLIT:
		return split_row(binder, unit, insn, args, row, result);
	case CK_ARITY_PICK:
		return pick_member(binder, unit, insn, args, row, result);
	case CK_ARITY_MACHINE:
		break;
	}
	CK_ASSERT(op->arity != CK_ARITY_MACHINE);
	return false;
}

static bool operate(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_relation *relation,
		    struct ck_relation *ret_result)
{
	const Ck__Plan__Expr *over = local_arg(unit->code[insn], "over"), *as = local_arg(unit->code[insn], "as");
	struct ck_relation grouped;
	struct arguments args = { 0 };

	if (!ck_relation_init(binder, unit, ret_result))
		return false;
	memcpy(ret_result->has, relation->has, unit->n_locals * sizeof(bool));
	if (as)
		ret_result->has[as->index] = true;
	if (!relation->n_rows)
		return true;
	if (over) {
		if (!eval_args(binder, unit, insn, relation->rows[0].bindings, &args))
			return !binder->nomem;
		if (!ck_relation_group(binder, unit, insn, over->index, args.values, relation, &grouped))
			return false;
		relation = &grouped;
		ret_result->has[over->index] = false;
		if (unit->failed)
			return true;
	}
	for (size_t i = 0; i < relation->n_rows; i++) {
		if (!eval_args(binder, unit, insn, relation->rows[i].bindings, &args))
			return !binder->nomem;
		/* count= was about the group; bound code has none. */
		if (over) {
			size_t count = ck_param_index(ck_op_info(unit->code[insn]->op)->params, ck_op_info(unit->code[insn]->op)->n_params, "count");

			args.values[count] = (struct ck_value){ 0 };
		}
		if (!operate_row(binder, unit, insn, args.values, &relation->rows[i], ret_result))
			return false;
	}
	return true;
}

/* ---- the machine's own instructions */

static bool assert_types(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_relation *relation,
			 struct ck_relation *ret_result)
{
	const Ck__Plan__Type *type = unit->code[insn]->type;

	if (!ck_relation_init(binder, unit, ret_result))
		return false;
	memcpy(ret_result->has, relation->has, unit->n_locals * sizeof(bool));
	for (size_t i = 0; i < type->n_dims; i++)
		if (type->dims[i]->kind == CK_DIM_BIND)
			ret_result->has[type->dims[i]->local] = true;
	for (size_t i = 0; i < relation->n_rows; i++) {
		struct ck_row row = relation->rows[i];
		bool good = true;

		for (size_t j = 0; j < row.n_nodes && good; j++)
			good = ck_bind_assert(binder, unit, (struct ck_type_place){ insn, SIZE_MAX }, type, row.nodes[j], &row);
		if (binder->nomem || (good && !add_row(binder, ret_result, &row, row.nodes, row.n_nodes)))
			return false;
	}
	return true;
}

bool ck_bind_eval_fill(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_binding *bindings, struct ck_value *ret_fill)
{
	struct arguments args = { 0 };

	if (!eval_args(binder, unit, insn, bindings, &args))
		return false;
	*ret_fill = args.values[0];
	return true;
}

/* A fill, made for one row of what stands beside it. False only when memory is short; after a message there is no row. */
static bool fill_row(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_binding *bindings, struct arguments *args,
		     struct ck_relation *result)
{
	const Ck__Plan__Type *as_type = unit->code[insn]->type;
	struct ck_infer rule = { .arena = binder->arena };
	struct ck_row row = { .bindings = bindings };
	struct ck_type type = { .rank = -1 };
	struct ck_node **nodes = ck_arena_array(binder->scratch, 1, sizeof(*nodes));
	bool waits = false;
	enum ck_code code = CK_OK;

	if (!nodes)
		return ck_bind_nomem(binder);
	if (!eval_args(binder, unit, insn, bindings, args) ||
	    (as_type && !ck_bind_fill_type(binder, unit, insn, as_type, bindings, &type, &waits)))
		return !binder->nomem;
	if (as_type && !waits)
		code = ck_fill_check(&rule, &args->values[0], &type);
	if (code == CK_NOMEM)
		return ck_bind_nomem(binder);
	if (code != CK_OK && ck_bind_once(unit, insn)) {
		struct ck_diag *diag = ck_error(binder->diags, code, ck_unit_span(binder, unit, insn), "%.*s", CK_STR_ARG(rule.message));

		if (rule.help.n)
			ck_diag_help(binder->diags, diag, "%.*s", CK_STR_ARG(rule.help));
	}
	if (code != CK_OK)
		return true;
	if (waits)
		type = (struct ck_type){ .rank = -1 };
	nodes[0] = ck_node_fill(binder, &args->values[0], type, insn);
	if (!nodes[0])
		return ck_bind_nomem(binder);
	nodes[0]->waits = waits ? as_type : NULL;
	return add_row(binder, result, &row, nodes, 1);
}

/* A fill of a `new` with a name, or in a tuple: there for each row of its other members, whose captures it may use. */
static bool fill(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_relation *ret_result)
{
	const struct ck_relation *context = unit->code[insn]->n_src ? &unit->registers[unit->code[insn]->src[0]] : NULL;
	struct arguments args = { 0 };

	if (!ck_relation_init(binder, unit, ret_result))
		return false;
	if (!context) {
		struct ck_binding *none = ck_arena_array(binder->scratch, unit->n_locals + 1, sizeof(*none));

		return none ? fill_row(binder, unit, insn, none, &args, ret_result) : ck_bind_nomem(binder);
	}
	memcpy(ret_result->has, context->has, unit->n_locals * sizeof(bool));
	for (size_t i = 0; i < context->n_rows; i++)
		if (!fill_row(binder, unit, insn, context->rows[i].bindings, &args, ret_result))
			return false;
	return true;
}

static bool run_insn(struct ck_binder *binder, struct ck_unit *unit, size_t i)
{
	const Ck__Plan__Insn *insn = unit->code[i];
	struct ck_relation *result = &unit->registers[insn->dst];

	switch (insn->op) {
	case CK_OP_SOURCE:
		*result = unit->matches[i];
		return true;
	case CK_OP_FILL:
		return fill(binder, unit, i, result);
	case CK_OP_JOIN:
		return ck_relation_join(binder, unit, i, result);
	case CK_OP_TYPE:
		return assert_types(binder, unit, i, &unit->registers[insn->src[0]], result);
	case CK_OP_STORE:
		return ck_bind_store(binder, unit, i, &unit->registers[insn->src[0]]);
	case CK_OP_DROP:
		return true;
	default:
		return operate(binder, unit, i, &unit->registers[insn->src[0]], result);
	}
}

bool ck_bind_unit(struct ck_binder *binder, struct ck_unit *unit)
{
	for (size_t i = 0; i < unit->n_code; i++)
		if (!run_insn(binder, unit, i))
			return false;
	unit->done = true;
	return true;
}
