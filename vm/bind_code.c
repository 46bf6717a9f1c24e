/* Lazy values become straight-line code: each value once, registers numbered as they are made. */
#include "vm/bind_internal.h"

#include <string.h>

/* ---- messages of the plan */

ProtobufCBinaryData ck_bind_bytes(struct ck_str s)
{
	return (ProtobufCBinaryData){ s.n, (uint8_t *)(uintptr_t)s.p };
}

static Ck__Plan__DimSpec *dim_message(struct ck_arena *arena, int64_t size)
{
	const struct ck_value value = { .kind = CK_EXPR_INT, .integer = size };
	Ck__Plan__DimSpec *dim = ck_arena_alloc(arena, sizeof(*dim));

	if (!dim)
		return NULL;
	ck__plan__dim_spec__init(dim);
	dim->kind = CK_DIM_VALUE;
	dim->expr = ck_value_expr(arena, &value);
	return dim->expr ? dim : NULL;
}

static Ck__Plan__Type *type_message(struct ck_arena *arena, const struct ck_type *type)
{
	Ck__Plan__Type *message = ck_arena_alloc(arena, sizeof(*message));

	if (!message)
		return NULL;
	ck__plan__type__init(message);
	message->dtype = type->dtype;
	message->dims = ck_arena_array(arena, (size_t)type->rank + 1, sizeof(*message->dims));
	for (int i = 0; message->dims && i < type->rank; i++) {
		message->dims[i] = dim_message(arena, type->dims[i]);
		if (!message->dims[i])
			return NULL;
		message->n_dims++;
	}
	return message->dims ? message : NULL;
}

static Ck__Plan__Expr **arg_messages(struct ck_arena *arena, const struct ck_value *args, size_t n)
{
	Ck__Plan__Expr **messages = ck_arena_array(arena, n + 1, sizeof(*messages));

	for (size_t i = 0; messages && i < n; i++) {
		messages[i] = ck_value_expr(arena, &args[i]);
		if (!messages[i])
			return NULL;
	}
	return messages;
}

/* Many variables have one type. */
static Ck__Plan__Type *shared_type(struct ck_coder *coder, const struct ck_type *type)
{
	struct ck_arena *arena = coder->binder->arena;
	int64_t numbers[1 + CK_MAX_RANK] = { (int64_t)type->dtype };
	struct ck_str key = { (const char *)numbers, (1 + (size_t)type->rank) * sizeof(*numbers) };
	size_t at;

	if (type->rank)
		memcpy(numbers + 1, type->dims, (size_t)type->rank * sizeof(*numbers));
	if (ck_map_get(&coder->types_made, key, &at))
		return coder->types[at];
	key = ck_str_copy(arena, key);
	if (!key.p || !ck_arena_grow(arena, (void **)&coder->types, coder->n_types, &coder->types_capacity, sizeof(*coder->types)))
		return NULL;
	coder->types[coder->n_types] = type_message(arena, type);
	if (!coder->types[coder->n_types] || !ck_map_put(&coder->types_made, key, coder->n_types))
		return NULL;
	return coder->types[coder->n_types++];
}

/* Targets of a rule mostly share their arguments, and some are long lists: each is made once. */
static Ck__Plan__Expr **shared_args(struct ck_coder *coder, const struct ck_node *node, size_t n)
{
	struct ck_str key = { (const char *)&node->args, sizeof(node->args) };
	size_t at;

	if (node->op == CK_OP_FILL)
		return arg_messages(coder->binder->arena, node->args, n);
	if (ck_map_get(&coder->args_made, key, &at))
		return coder->args[at];
	if (!ck_arena_grow(coder->binder->arena, (void **)&coder->args, coder->n_args, &coder->args_capacity, sizeof(*coder->args)))
		return NULL;
	coder->args[coder->n_args] = arg_messages(coder->binder->arena, node->args, n);
	if (!coder->args[coder->n_args] || !ck_map_put(&coder->args_made, key, coder->n_args))
		return NULL;
	return coder->args[coder->n_args++];
}

/* ---- the fill `template`, which is no fill any more: values of the template's variable */

static bool is_template(const struct ck_value *fill)
{
	return fill && fill->kind == CK_EXPR_FILL && fill->index == CK_FILL_TEMPLATE;
}

static void wrong_template(struct ck_coder *coder, struct ck_unit *unit, const struct ck_node *node, const struct ck_type *found)
{
	struct ck_diags *diags = coder->binder->diags;
	struct ck_buf wanted = { 0 }, has = { 0 };
	struct ck_diag *diag;

	if (!ck_bind_once(unit, node->insn))
		return;
	ck_buf_type(&wanted, &node->type);
	ck_buf_type(&has, found);
	diag = ck_error(diags, found->dtype != node->type.dtype ? CK_DTYPE : CK_SHAPE, ck_unit_span(coder->binder, unit, node->insn),
			"the fill `template` takes the place of its variable's own values, but this makes %.*s and the template has %.*s",
			(int)wanted.n, wanted.p ? wanted.p : "", (int)has.n, has.p ? has.p : "");
	ck_diag_help(diags, diag, "let it be the last that changes shape or dtype, or fill with zeros or normal(...)");
	ck_buf_clear(&wanted);
	ck_buf_clear(&has);
}

/* The template's variable, of the type that the node makes; NULL after a message. */
static struct ck_node *template_like(struct ck_coder *coder, const struct ck_made *made, const struct ck_node *node)
{
	const struct ck_subjects *template = &coder->binder->inputs[CK_INPUT_TEMPLATE];

	/* Without a template, or without the variable there, binding has failed before. */
	CK_ASSERT(made->in_template != SIZE_MAX);
	if (ck_type_fits(&node->type, &template->items[made->in_template].type))
		return ck_node_load(coder->binder, CK_INPUT_TEMPLATE, made->in_template, node->insn);
	wrong_template(coder, &coder->binder->units[made->rule], node, &template->items[made->in_template].type);
	return NULL;
}

/* An operator's arguments with the defaults of its words; the rest is left out. */
static struct ck_value *default_args(struct ck_coder *coder, const struct ck_op_info *op)
{
	struct ck_value *args = ck_arena_array(coder->binder->arena, op->n_params + 1, sizeof(*args));

	for (size_t i = 0; args && i < op->n_params; i++)
		if (op->params[i].kind == CK_PARAM_WORD)
			args[i] = (struct ck_value){ .kind = CK_EXPR_WORD, .text = op->params[i].default_text };
	return args;
}

static void set_int(const struct ck_op_info *op, struct ck_value *args, const char *name, int64_t number)
{
	args[ck_param_index(op->params, op->n_params, name)] = (struct ck_value){ .kind = CK_EXPR_INT, .integer = number };
}

/* Rows [start, stop) of the template's variable. */
static struct ck_node *template_rows(struct ck_coder *coder, const struct ck_made *made, const struct ck_node *node, struct ck_node *whole,
				     int64_t axis, int64_t start, int64_t stop)
{
	const struct ck_op_info *op = ck_op_info(CK_OP_SLICE);
	struct ck_value *args = default_args(coder, op);
	struct ck_node **operand = ck_arena_array(coder->binder->arena, 1, sizeof(*operand));

	if (!args || !operand) {
		ck_bind_nomem(coder->binder);
		return NULL;
	}
	set_int(op, args, "axis", axis);
	set_int(op, args, "start", start);
	set_int(op, args, "stop", stop);
	set_int(op, args, "step", 1);
	operand[0] = whole;
	return ck_node_op(coder->binder, &coder->binder->units[made->rule], CK_OP_SLICE, node->insn, args, operand, 1);
}

/* grow and pad with=template: the template's rows beside the old ones. NULL after a message. */
static struct ck_node *with_template(struct ck_coder *coder, const struct ck_made *made, struct ck_node *node)
{
	const struct ck_op_info *op = ck_op_info(CK_OP_CONCAT);
	bool is_counted = node->op == CK_OP_PAD && ck_node_arg(node, "multiple")->kind == CK_EXPR_NONE;
	int64_t axis = ck_node_arg(node, "axis")->integer, before = is_counted ? ck_node_arg(node, "before")->integer : 0, old, all;
	struct ck_node *whole = template_like(coder, made, node), **parts = ck_arena_array(coder->binder->arena, 3, sizeof(*parts));
	struct ck_value *args = default_args(coder, op);
	size_t n = 0;

	if (!parts || !args) {
		ck_bind_nomem(coder->binder);
		return NULL;
	}
	if (!whole)
		return NULL;
	axis = axis < 0 ? axis + node->type.rank : axis;
	old = node->operands[0]->type.dims[axis];
	all = node->type.dims[axis];
	if (before)
		parts[n++] = template_rows(coder, made, node, whole, axis, 0, before);
	parts[n++] = node->operands[0];
	if (before + old < all)
		parts[n++] = template_rows(coder, made, node, whole, axis, before + old, all);
	if (!parts[0] || !parts[n - 1] || n == 1)
		return parts[0] && parts[n - 1] ? parts[0] : NULL;
	set_int(op, args, "axis", axis);
	return ck_node_op(coder->binder, &coder->binder->units[made->rule], CK_OP_CONCAT, node->insn, args, parts, n);
}

/* What stands for a node in bound code. */
static struct ck_node *lower(struct ck_coder *coder, const struct ck_made *made, struct ck_node *node)
{
	if (node->op == CK_OP_FILL && is_template(&node->args[0]))
		return template_like(coder, made, node);
	if ((node->op == CK_OP_PAD || node->op == CK_OP_GROW) && is_template(ck_node_arg(node, "with")))
		return with_template(coder, made, node);
	return node;
}

/* ---- what operators lose */

static bool is_permutation(struct ck_coder *coder, const struct ck_node *node)
{
	const struct ck_value *indices = ck_node_arg(node, "indices");
	const struct ck_type *from = &node->operands[0]->type;
	int64_t axis = ck_node_arg(node, "axis")->integer, n = from->dims[axis < 0 ? axis + from->rank : axis];
	bool *seen;

	if (indices->n_items != (uint64_t)n)
		return false;
	seen = ck_arena_array(coder->binder->arena, (size_t)n + 1, sizeof(*seen));
	for (size_t i = 0; seen && i < indices->n_items; i++) {
		int64_t at = indices->items[i].integer;
		bool *here = &seen[at < 0 ? at + n : at];

		if (*here)
			return false;
		*here = true;
	}
	return seen != NULL;
}

/* What the row of op.def does not tell: whether this use of the operator has an inverse. */
static void look_for_loss(struct ck_coder *coder, const struct ck_made *made, const struct ck_node *node)
{
	if (made->rule == SIZE_MAX || coder->lossy[made->rule])
		return;
	if (node->op == CK_OP_CAST) {
		enum ck_dtype from = node->operands[0]->type.dtype, to = node->type.dtype;

		coder->lossy[made->rule] = from != to && !ck_cast_widens(from, to);
	} else if (node->op == CK_OP_TAKE) {
		coder->lossy[made->rule] = !is_permutation(coder, node);
	}
}

/* ---- instructions */

static struct ck_diag *refuse_load(struct ck_coder *coder, const struct ck_made *made, const struct ck_node *node, const char *what)
{
	struct ck_binder *binder = coder->binder;
	struct ck_unit *unit = made->rule == SIZE_MAX ? NULL : &binder->units[made->rule];

	if (unit && !ck_bind_once(unit, node->insn))
		return NULL;
	return ck_error(binder->diags, CK_FORMAT_NOT_AVAILABLE, unit ? ck_unit_span(binder, unit, node->insn) : (struct ck_span){ 0 },
			"\"%.*s\" is %s, which this version of ckmig does not migrate",
			CK_STR_ARG(ck_bind_label_text(binder, node->input, node->variable)), what);
}

/* What the executor cannot read yet. */
static bool check_load(struct ck_coder *coder, const struct ck_made *made, const struct ck_node *node)
{
	const struct ck_manifest *manifest = coder->binder->inputs[node->input].manifest;
	struct ck_diag *diag;

	/* A target, which only checks load. */
	if (!manifest)
		return true;
	if (manifest->big_endian) {
		refuse_load(coder, made, node, "in a big-endian checkpoint");
		return false;
	}
	if (!manifest->variables[node->variable].n_slices)
		return true;
	/* What is stored in parts is stored as a whole afterwards. */
	coder->keeps_bytes = false;
	if (ck_dtype_width(node->type.dtype))
		return true;
	diag = refuse_load(coder, made, node, "partitioned and not of numbers");
	if (diag)
		ck_diag_help(coder->binder->diags, diag, "restore the checkpoint in TensorFlow without partitioners and save it again");
	return false;
}

/* A fill of sizes that a tuple's other members were to bind and none did, or of too many. */
static bool check_fill(struct ck_coder *coder, const struct ck_made *made, const struct ck_node *node)
{
	struct ck_binder *binder = coder->binder;
	struct ck_unit *unit = made->rule == SIZE_MAX ? NULL : &binder->units[made->rule];
	struct ck_diag *diag;

	if (ck_type_known(&node->type) && node->type.rank <= CK_MAX_RANK)
		return true;
	/* Those that no statement makes have a template's type. */
	CK_ASSERT(unit);
	if (!ck_bind_once(unit, node->insn))
		return false;
	if (node->type.rank > CK_MAX_RANK) {
		ck_error(binder->diags, CK_RANK, ck_unit_span(binder, unit, node->insn), "a fill of %d axes, TensorFlow knows at most %d",
			 node->type.rank, CK_MAX_RANK);
		return false;
	}
	diag = ck_error(binder->diags, CK_DIMENSION, ck_unit_span(binder, unit, node->insn), "nothing tells the sizes of this fill");
	ck_diag_help(binder->diags, diag, "write them as numbers, or bind them in the type of another member of the tuple");
	return false;
}

static void note_load(struct ck_coder *coder, const struct ck_node *node)
{
	coder->n_loads++;
	coder->load = node;
	coder->is_new = coder->is_new && node->input == CK_INPUT_TEMPLATE;
}

static void note_op(struct ck_coder *coder, const struct ck_made *made, const struct ck_node *node)
{
	struct ck_infer infer = { .arena = coder->binder->arena, .op = ck_op_info(node->op), .args = node->args,
				  .operands = node->n_operands ? &node->operands[0]->type : NULL, .n_operands = 1 };

	look_for_loss(coder, made, node);
	coder->keeps_bytes = coder->keeps_bytes && node->n_operands == 1 && ck_op_keeps_bytes(&infer);
}

static bool add_insn(struct ck_coder *coder, const struct ck_node *node)
{
	struct ck_arena *arena = coder->binder->arena;
	Ck__Plan__Insn *insn = ck_arena_alloc(arena, sizeof(*insn));
	bool is_leaf = node->op == CK_OP_LOAD || node->op == CK_OP_FILL;

	if (!insn || !ck_arena_grow(arena, (void **)&coder->code, coder->n_code, &coder->code_capacity, sizeof(*coder->code)))
		return ck_bind_nomem(coder->binder);
	ck__plan__insn__init(insn);
	insn->op = node->op;
	insn->dst = (uint32_t)node->number;
	insn->n_args = ck_op_info(node->op)->n_params;
	if (insn->n_args)
		insn->args = shared_args(coder, node, insn->n_args);
	if (node->n_operands)
		insn->src = ck_arena_array(arena, node->n_operands, sizeof(*insn->src));
	if (is_leaf)
		insn->type = shared_type(coder, &node->type);
	if ((insn->n_args && !insn->args) || (node->n_operands && !insn->src) || (is_leaf && !insn->type))
		return ck_bind_nomem(coder->binder);
	for (size_t i = 0; i < node->n_operands; i++)
		insn->src[insn->n_src++] = (uint32_t)node->operands[i]->number;
	insn->input = node->input;
	insn->variable = node->variable;
	coder->code[coder->n_code++] = insn;
	return true;
}

static bool emit(struct ck_coder *coder, const struct ck_made *made, struct ck_node *node)
{
	struct ck_node *real;

	if (node->epoch == coder->binder->epoch)
		return true;
	real = lower(coder, made, node);
	if (!real)
		return false;
	if (real != node) {
		if (!emit(coder, made, real))
			return false;
		node->number = real->number;
		node->epoch = coder->binder->epoch;
		return true;
	}
	for (size_t i = 0; i < node->n_operands; i++)
		if (!emit(coder, made, node->operands[i]))
			return false;
	if (node->op == CK_OP_LOAD) {
		if (!check_load(coder, made, node))
			return false;
		note_load(coder, node);
	} else if (node->op == CK_OP_FILL) {
		if (!check_fill(coder, made, node))
			return false;
		coder->keeps_bytes = false;
	} else {
		note_op(coder, made, node);
	}
	node->number = coder->n_code;
	node->epoch = coder->binder->epoch;
	return add_insn(coder, node);
}

/* ---- a target */

/* Does it keep its name? */
static bool is_kept(const struct ck_coder *coder, const struct ck_made *made)
{
	const struct ck_manifest *source = coder->binder->inputs[CK_INPUT_SOURCE].manifest;

	if (made->node->op != CK_OP_LOAD || made->node->input != CK_INPUT_SOURCE)
		return false;
	return ck_str_equal(ck_variable_label(source, &source->variables[made->node->variable], coder->binder->arena), made->label);
}

bool ck_coder_init(struct ck_binder *binder, struct ck_coder *coder)
{
	*coder = (struct ck_coder){ .binder = binder };
	ck_map_init(&coder->args_made, binder->arena);
	ck_map_init(&coder->types_made, binder->arena);
	coder->lossy = ck_arena_array(binder->arena, binder->code->n_rules + 1, sizeof(*coder->lossy));
	return coder->lossy && !ck_arena_failed(binder->arena) ? true : ck_bind_nomem(binder);
}

bool ck_code_target(struct ck_coder *coder, const struct ck_made *made, Ck__Plan__Target *target)
{
	coder->binder->epoch++;
	coder->n_code = coder->n_loads = 0;
	coder->load = NULL;
	coder->is_new = coder->keeps_bytes = true;
	if (!emit(coder, made, made->node))
		return false;
	target->code = ck_arena_array(coder->binder->arena, coder->n_code, sizeof(*target->code));
	if (!target->code)
		return ck_bind_nomem(coder->binder);
	memcpy(target->code, coder->code, coder->n_code * sizeof(*target->code));
	target->n_code = coder->n_code;
	target->n_registers = (uint32_t)coder->n_code;
	target->unchanged = coder->keeps_bytes && coder->n_loads == 1;
	target->kept = target->unchanged && is_kept(coder, made);
	target->is_new = coder->is_new;
	return true;
}

bool ck_code_copy(struct ck_coder *coder, uint32_t input, size_t variable, Ck__Plan__Target *target)
{
	struct ck_made made = { .label = ck_str_of(target->label), .rule = SIZE_MAX };

	made.node = ck_node_load(coder->binder, input, variable, SIZE_MAX);
	return made.node ? ck_code_target(coder, &made, target) : false;
}
