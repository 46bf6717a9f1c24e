/* Expressions of rows: `where`, types that assert and bind dimensions, types of fills. */
#include "vm/bind_internal.h"

#include <inttypes.h>

/* ---- where */

struct where {
	struct ck_binder *binder;
	const struct ck_row *row;
	size_t member;			/* of the tuple: whose dtype, rank, size and dim are asked */
};

static const struct ck_subject *subject_of(const struct where *where)
{
	const struct ck_origin *origin = where->row->origins[where->member];

	return &where->binder->inputs[origin->input].items[origin->variable];
}

static bool call_dim(const struct ck_env *env, const struct where *where, const Ck__Plan__Expr *call, struct ck_value *ret_value)
{
	const struct ck_type *type = &subject_of(where)->type;
	struct ck_env *messages = (struct ck_env *)(uintptr_t)env;
	struct ck_env inner = *env;
	struct ck_value axis;

	if (call->n_args != 1 || ck_expr_eval(call->args[0], &inner, &axis) != CK_OK || axis.kind != CK_EXPR_INT) {
		messages->message = CK_STR("dim(n) wants an integer");
		return false;
	}
	if (axis.integer < -type->rank || axis.integer >= type->rank) {
		messages->message = ck_str_format(env->arena, "dim(%" PRId64 ") of a variable with %d %s", axis.integer, type->rank,
						  type->rank == 1 ? "axis" : "axes");
		messages->help = CK_STR("ask for its rank first: rank == 2 && dim(1) == 8");
		return false;
	}
	ret_value->integer = type->dims[axis.integer < 0 ? axis.integer + type->rank : axis.integer];
	return true;
}

static bool call_exists(const struct ck_env *env, const struct where *where, const Ck__Plan__Expr *call, struct ck_value *ret_value)
{
	struct ck_subjects *subjects = &where->binder->inputs[call->index2];
	struct ck_env inner = *env;
	struct ck_str name, slot;
	size_t found;

	inner.call = NULL;
	if (!call->name || ck_template_render(call->name, &inner, &name, &slot) != CK_OK) {
		((struct ck_env *)(uintptr_t)env)->message = inner.message;
		return false;
	}
	ret_value->integer = subjects->given && ck_subjects_find(where->binder, subjects, call->name->by, name, &found) &&
			     (!call->name->has_slot || ck_subjects_slot(subjects, found, slot, (struct ck_str){ 0 }) != SIZE_MAX);
	return true;
}

static bool call_function(void *context, const struct ck_env *env, const Ck__Plan__Expr *call, struct ck_value *ret_value)
{
	const struct where *where = context;
	const struct ck_type *type;
	uint64_t n_elems = 1;

	*ret_value = (struct ck_value){ .kind = CK_EXPR_INT };
	if (call->index == CK_FUNCTION_EXISTS)
		return call_exists(env, where, call, ret_value);
	if (where->member >= where->row->n_origins)
		return false;
	type = &subject_of(where)->type;
	switch (call->index) {
	case CK_FUNCTION_DTYPE:
		ret_value->kind = CK_EXPR_DTYPE;
		ret_value->index = type->dtype;
		return true;
	case CK_FUNCTION_RANK:
		ret_value->integer = type->rank;
		return true;
	case CK_FUNCTION_SIZE:
		for (int i = 0; i < type->rank; i++)
			n_elems *= (uint64_t)type->dims[i];
		ret_value->integer = (int64_t)n_elems;
		return true;
	case CK_FUNCTION_DIM:
		return call_dim(env, where, call, ret_value);
	default:
		return false;
	}
}

static bool asks_member(const Ck__Plan__Expr *expr)
{
	if (expr->kind == CK_EXPR_CALL && expr->index != CK_FUNCTION_EXISTS)
		return true;
	for (size_t i = 0; i < expr->n_args; i++)
		if (asks_member(expr->args[i]))
			return true;
	return false;
}

static bool where_failed(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_env *env, const struct ck_row *row)
{
	struct ck_diag *diag;

	if (!ck_bind_once(unit, insn))
		return false;
	diag = ck_error(binder->diags, CK_BAD_VALUE, ck_unit_span(binder, unit, insn), "%.*s",
			CK_STR_ARG(env->message.n ? env->message : CK_STR("this `where` is no condition")));
	if (row->n_origins && binder->inputs[row->origins[0]->input].manifest)
		ck_diag_note(binder->diags, diag, "asked of \"%.*s\"",
			     CK_STR_ARG(ck_bind_label_text(binder, row->origins[0]->input, row->origins[0]->variable)));
	if (env->help.n)
		ck_diag_help(binder->diags, diag, "%.*s", CK_STR_ARG(env->help));
	return false;
}

bool ck_bind_where(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_row *row, bool *ret_truth)
{
	const Ck__Plan__Expr *expr = unit->code[insn]->where;
	struct where where = { .binder = binder, .row = row };
	size_t n_members = asks_member(expr) ? row->n_origins : 1;

	*ret_truth = true;
	for (where.member = 0; where.member < n_members && *ret_truth; where.member++) {
		struct ck_env env = ck_bind_env(binder, unit, row->bindings);
		struct ck_value value;

		env.call = call_function;
		env.context = &where;
		if (ck_expr_eval(expr, &env, &value) != CK_OK || !ck_value_truth(&env, &value, ret_truth)) {
			*ret_truth = false;
			return ck_arena_failed(binder->arena) ? ck_bind_nomem(binder) : where_failed(binder, unit, insn, &env, row);
		}
	}
	return true;
}

/* ---- types */

/* The size that a dimension asks for; -1: any; false after a message. */
static bool dim_of(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const Ck__Plan__DimSpec *dim,
		   const struct ck_binding *bindings, int64_t *ret_size)
{
	struct ck_env env = ck_bind_env(binder, unit, bindings);
	struct ck_value value;
	struct ck_diag *diag;

	*ret_size = -1;
	if (dim->kind == CK_DIM_BIND && bindings[dim->local].set)
		*ret_size = bindings[dim->local].number;
	if (dim->kind != CK_DIM_VALUE)
		return true;
	if (ck_expr_eval(dim->expr, &env, &value) != CK_OK)
		env.message = env.message.n ? env.message : CK_STR("this dimension cannot be computed");
	else if (value.unknown)
		return true;
	else if (value.kind != CK_EXPR_INT || value.integer < 0)
		env.message = CK_STR("a dimension is an integer from 0 up");
	else
		*ret_size = value.integer;
	if (!env.message.n)
		return true;
	if (ck_bind_once(unit, insn)) {
		diag = ck_error(binder->diags, CK_BAD_VALUE, ck_unit_span(binder, unit, insn), "%.*s", CK_STR_ARG(env.message));
		if (env.help.n)
			ck_diag_help(binder->diags, diag, "%.*s", CK_STR_ARG(env.help));
	}
	return false;
}

/* The type that is asked for, with `...` stretched to a rank where that fits. */
static bool wanted_type(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const Ck__Plan__Type *type, int rank,
			const struct ck_binding *bindings, struct ck_type *ret_wanted, size_t *axes)
{
	size_t n_fixed = 0, ellipsis = SIZE_MAX, n_any, at = 0;
	int64_t *dims;

	for (size_t i = 0; i < type->n_dims; i++) {
		if (type->dims[i]->kind == CK_DIM_ELLIPSIS)
			ellipsis = i;
		else
			n_fixed++;
	}
	n_any = ellipsis != SIZE_MAX && (size_t)rank > n_fixed ? (size_t)rank - n_fixed : 0;
	dims = ck_arena_array(binder->arena, n_fixed + n_any + 1, sizeof(*dims));
	if (!dims)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < type->n_dims; i++) {
		if (i == ellipsis) {
			for (size_t j = 0; j < n_any; j++)
				dims[at++] = -1;
			continue;
		}
		axes[i] = at;
		if (!dim_of(binder, unit, insn, type->dims[i], bindings, &dims[at++]))
			return false;
	}
	*ret_wanted = (struct ck_type){ (enum ck_dtype)type->dtype, (int)at, dims };
	return true;
}

static void two_sizes(struct ck_binder *binder, struct ck_unit *unit, size_t insn, size_t local, int64_t before, const struct ck_type *found,
		      size_t axis)
{
	struct ck_diag *diag = ck_error(binder->diags, CK_DIMENSION, ck_unit_span(binder, unit, insn), "the dimension `%.*s` is %" PRId64 " and %" PRId64,
					CK_STR_ARG(ck_str_of(unit->locals[local]->name)), before, found->dims[axis]);
	struct ck_buf text = { 0 };

	ck_buf_type(&text, found);
	ck_diag_mark(binder->diags, diag, "here it is axis %zu of %.*s", axis, (int)text.n, text.p ? text.p : "");
	ck_diag_help(binder->diags, diag, "a dimension has one size in a statement; give them two names, or write `_`");
	ck_buf_clear(&text);
}

static bool bind_dims(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const Ck__Plan__Type *type, const size_t *axes,
		      const struct ck_type *found, struct ck_row *row)
{
	bool copied = false;

	for (size_t i = 0; i < type->n_dims; i++) {
		const Ck__Plan__DimSpec *dim = type->dims[i];
		struct ck_binding *binding;

		if (dim->kind != CK_DIM_BIND)
			continue;
		if (!copied)
			row->bindings = ck_bindings_copy(binder, unit, row->bindings);
		if (!row->bindings)
			return false;
		copied = true;
		binding = &row->bindings[dim->local];
		if (binding->set && binding->number != found->dims[axes[i]]) {
			if (ck_bind_once(unit, insn))
				two_sizes(binder, unit, insn, dim->local, binding->number, found, axes[i]);
			return false;
		}
		*binding = (struct ck_binding){ .set = true, .number = found->dims[axes[i]], .has_number = true };
	}
	return true;
}

static void assert_failed(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const struct ck_node *node, const struct ck_type *wanted)
{
	struct ck_buf found = { 0 }, text = { 0 };
	struct ck_diag *diag;
	enum ck_code code = wanted->dtype != CK_DT_NONE && wanted->dtype != node->type.dtype ? CK_DTYPE
			    : wanted->rank != node->type.rank ? CK_RANK : CK_SHAPE;
	const struct ck_node *load = node;

	if (!ck_bind_once(unit, insn))
		return;
	while (load->op != CK_OP_LOAD && load->n_operands == 1)
		load = load->operands[0];
	ck_buf_type(&found, &node->type);
	ck_buf_type(&text, wanted);
	if (load->op == CK_OP_LOAD && binder->inputs[load->input].manifest)
		diag = ck_error(binder->diags, code, ck_unit_span(binder, unit, insn), "\"%.*s\" is %.*s%s, not %.*s",
				CK_STR_ARG(ck_bind_label_text(binder, load->input, load->variable)), (int)found.n, found.p,
				node->op == CK_OP_LOAD ? "" : " here", (int)text.n, text.p);
	else
		diag = ck_error(binder->diags, code, ck_unit_span(binder, unit, insn), "this is %.*s, not %.*s", (int)found.n, found.p, (int)text.n,
				text.p);
	ck_diag_mark(binder->diags, diag, "says %.*s", (int)text.n, text.p);
	ck_diag_label(binder->diags, diag, ck_unit_span(binder, unit, node->insn), "is %.*s", (int)found.n, found.p);
	ck_buf_clear(&found);
	ck_buf_clear(&text);
}

static bool is_computed(const Ck__Plan__Type *type, const struct ck_type *wanted, const size_t *axes)
{
	for (size_t i = 0; i < type->n_dims; i++)
		if (type->dims[i]->kind == CK_DIM_VALUE && wanted->dims[axes[i]] < 0)
			return false;
	return true;
}

static bool unbound(struct ck_binder *binder, struct ck_unit *unit, size_t insn)
{
	if (ck_bind_once(unit, insn))
		ck_diag_help(binder->diags,
			     ck_error(binder->diags, CK_DIMENSION, ck_unit_span(binder, unit, insn), "nothing tells a size in this type"),
			     "what a dimension is computed from must be bound by a source, such as f32[n, _]");
	return false;
}

bool ck_bind_assert(struct ck_binder *binder, struct ck_unit *unit, struct ck_type_place place, const Ck__Plan__Type *type,
		    const struct ck_node *node, struct ck_row *row)
{
	size_t *axes = ck_arena_array(binder->arena, type->n_dims + 1, sizeof(*axes));
	struct ck_type wanted;

	if (!axes)
		return ck_bind_nomem(binder);
	if (!ck_type_known(&node->type))
		return true;
	if (!wanted_type(binder, unit, place.insn, type, node->type.rank, row->bindings, &wanted, axes))
		return false;
	if (ck_type_fits(&node->type, &wanted)) {
		if (!bind_dims(binder, unit, place.insn, type, axes, &node->type, row) ||
		    !wanted_type(binder, unit, place.insn, type, node->type.rank, row->bindings, &wanted, axes))
			return false;
		/* Sizes computed from dimensions that were bound just now. */
		if (!is_computed(type, &wanted, axes))
			return unbound(binder, unit, place.insn);
		if (ck_type_fits(&node->type, &wanted))
			return true;
	}
	if (place.goal == SIZE_MAX)
		assert_failed(binder, unit, place.insn, node, &wanted);
	else
		ck_bind_mismatch(binder, unit, place.goal, node, &wanted, "the target says", (struct ck_str){ 0 });
	return false;
}

bool ck_bind_fill_type(struct ck_binder *binder, struct ck_unit *unit, size_t insn, const Ck__Plan__Type *type,
		       const struct ck_binding *bindings, struct ck_type *ret_type, bool *ret_waits)
{
	size_t *axes = ck_arena_array(binder->arena, type->n_dims + 1, sizeof(*axes));
	struct ck_diag *diag;

	*ret_waits = false;
	if (!axes)
		return ck_bind_nomem(binder);
	if (!wanted_type(binder, unit, insn, type, 0, bindings, ret_type, axes))
		return false;
	for (size_t i = 0; i < type->n_dims; i++)
		*ret_waits = *ret_waits || (type->dims[i]->kind == CK_DIM_BIND && !bindings[type->dims[i]->local].set);
	if (*ret_waits)
		return true;
	for (size_t i = 0; i < type->n_dims; i++) {
		if (type->dims[i]->kind != CK_DIM_ANY && type->dims[i]->kind != CK_DIM_ELLIPSIS)
			continue;
		if (ck_bind_once(unit, insn)) {
			diag = ck_error(binder->diags, CK_BAD_VALUE, ck_unit_span(binder, unit, insn), "a fill makes data: every dimension must be a size");
			ck_diag_help(binder->diags, diag, "write the size instead of `_` or `...`");
		}
		return false;
	}
	if (ret_type->dtype != CK_DT_NONE)
		return true;
	if (ck_bind_once(unit, insn)) {
		diag = ck_error(binder->diags, CK_DTYPE, ck_unit_span(binder, unit, insn), "a fill makes data: it needs a dtype");
		ck_diag_help(binder->diags, diag, "write it instead of `_`, such as f32");
	}
	return false;
}
