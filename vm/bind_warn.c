/* Warnings: what is legal, and probably not meant. */
#include "vm/bind_internal.h"
#include "vm/convert.h"

/* ---- casts */

/* What a floating dtype can hold: digits, and the exponent of its smallest number. Parts of complex ones. */
struct precision {
	int digits, least;
};

static struct precision precision_of(enum ck_dtype dtype)
{
	switch (dtype) {
	case CK_DT_F8E4M3FN:
		return (struct precision){ 4, -9 };
	case CK_DT_F8E5M2:
		return (struct precision){ 3, -16 };
	case CK_DT_F16:
		return (struct precision){ 11, -24 };
	case CK_DT_BF16:
		return (struct precision){ 8, -133 };
	case CK_DT_F32:
	case CK_DT_C64:
		return (struct precision){ 24, -149 };
	default: /* f64, c128 */
		return (struct precision){ 53, -1074 };
	}
}

static bool is_whole(enum ck_dtype dtype)
{
	enum ck_dtype_class class = ck_dtype_class(dtype);

	return class == CK_CLASS_INT || class == CK_CLASS_UINT || class == CK_CLASS_BOOL;
}

static bool is_floating(enum ck_dtype dtype)
{
	return ck_dtype_class(dtype) == CK_CLASS_FLOAT || ck_dtype_class(dtype) == CK_CLASS_COMPLEX;
}

/* The largest magnitude of an integer dtype or bool. */
static double whole_max(enum ck_dtype dtype)
{
	__int128 low, high;

	ck_dtype_range(dtype, &low, &high);
	return (double)(-low > high ? -low : high);
}

bool ck_cast_keeps_range(enum ck_dtype from, enum ck_dtype to)
{
	__int128 low, high, to_low, to_high;

	if (from == to)
		return true;
	if (is_whole(from) && is_whole(to)) {
		ck_dtype_range(from, &low, &high);
		ck_dtype_range(to, &to_low, &to_high);
		return to_low <= low && high <= to_high;
	}
	if (is_whole(from))
		return is_floating(to) && whole_max(from) <= ck_dtype_max(to);
	/* bf16 ends a little below f32, for want of digits: its range is the same. */
	return is_floating(from) && is_floating(to) && 0.99 * ck_dtype_max(from) <= ck_dtype_max(to);
}

bool ck_cast_widens(enum ck_dtype from, enum ck_dtype to)
{
	struct precision held = precision_of(from), holds = precision_of(to);

	if (from == to || !ck_cast_keeps_range(from, to) || !is_floating(to))
		return ck_cast_keeps_range(from, to);
	/* All integers up to 2^digits are exact. */
	if (is_whole(from))
		return whole_max(from) <= (double)((uint64_t)1 << holds.digits);
	return ck_dtype_class(from) == ck_dtype_class(to) && held.digits <= holds.digits && held.least >= holds.least;
}

/* ---- telling */

static struct ck_span span_of(const struct ck_plan *plan, const Ck__Plan__Span *span)
{
	if (!span || !plan->first_file)
		return (struct ck_span){ 0 };
	return (struct ck_span){ plan->first_file + span->file, span->begin, span->end };
}

/* Whether a comment silences a code at a statement. */
static bool is_allowed(const struct ck_binder *binder, enum ck_code code, struct ck_span statement)
{
	const Ck__Plan__Debug *debug = binder->plan->message->debug;

	for (size_t i = 0; debug && i < debug->n_allows; i++)
		if (ck_code_find(ck_str_of(debug->allows[i]->code)) == code &&
		    ck_diags_silences(binder->diags, span_of(binder->plan, debug->allows[i]->span), statement))
			return true;
	return false;
}

struct ck_diag *ck_bind_warn(struct ck_binder *binder, enum ck_code code, size_t rule, struct ck_span span, const char *format, ...)
{
	struct ck_diag *diag = NULL;
	struct ck_buf text = { 0 };
	va_list args;

	if (is_allowed(binder, code, ck_plan_rule_span(binder->plan, rule, SIZE_MAX)))
		return NULL;
	va_start(args, format);
	ck_buf_vprintf(&text, format, args);
	va_end(args);
	diag = ck_warn(binder->diags, code, span, "%.*s", (int)text.n, text.p ? text.p : "");
	ck_buf_clear(&text);
	return diag;
}

static struct ck_str target_text(const struct ck_binder *binder, const struct ck_made *made)
{
	return ck_name_text(binder->diags->arena, made->label);
}

/* ---- operators: one warning an instruction, for the first target that it is about */

struct finding {
	const struct ck_made *made;
	const struct ck_node *node;
	size_t n;			/* targets */
};

struct search {
	struct ck_binder *binder;
	struct finding **findings;	/* [n_rules], NULL or [n_code of it] */
	const struct ck_made *made;
};

static bool note(struct search *search, const struct ck_node *node)
{
	size_t rule = search->made->rule;
	struct finding *finding;

	if (!search->findings[rule])
		search->findings[rule] = ck_arena_array(search->binder->arena, search->binder->units[rule].n_code + 1, sizeof(*finding));
	if (!search->findings[rule])
		return ck_bind_nomem(search->binder);
	finding = &search->findings[rule][node->insn];
	if (!finding->n) {
		finding->made = search->made;
		finding->node = node;
	}
	finding->n += finding->n == 0 || finding->made != search->made;
	return true;
}

static bool is_zeros(const struct ck_value *fill)
{
	const struct ck_value *x = fill->index == CK_FILL_CONST && fill->n_items ? &fill->items[0] : NULL;

	return fill->kind == CK_EXPR_FILL &&
	       (fill->index == CK_FILL_ZEROS || (x && (x->kind == CK_EXPR_INT ? x->integer == 0 : x->number == 0)));
}

static int axis_of(const struct ck_node *node)
{
	int64_t axis = ck_node_arg(node, "axis")->integer;

	return (int)(axis < 0 ? axis + node->type.rank : axis);
}

/*
 * The last axis of a weight is that of its outputs, in Keras and everywhere in TensorFlow. New inputs may be zeros: what comes out
 * stays the same. New outputs that are zeros are units which layers behind it read, all of them alike.
 */
static bool grows_zeros(const struct ck_node *node, int last)
{
	if ((node->op != CK_OP_GROW && node->op != CK_OP_PAD) || node->type.rank < 2 || axis_of(node) != last)
		return false;
	return ck_dtype_class(node->type.dtype) == CK_CLASS_FLOAT && is_zeros(ck_node_arg(node, "with")) &&
	       node->operands[0]->type.dims[last] != 0 && node->type.dims[last] != node->operands[0]->type.dims[last];
}

/* Which axis of its operands becomes an axis of a value; -1 where several do, or nobody can tell. */
static int operand_axis(const struct ck_node *node, int axis)
{
	const struct ck_value *axes;
	int64_t at;

	switch (node->op) {
	case CK_OP_TRANSPOSE:
		axes = ck_node_arg(node, "axes");
		at = axes->n_items ? axes->items[axis].integer : node->type.rank - 1 - axis;
		return (int)(at < 0 ? at + node->type.rank : at);
	case CK_OP_STACK:
		return axis == axis_of(node) ? -1 : axis - (axis > axis_of(node));
	case CK_OP_SLICE:
	case CK_OP_FLIP:
	case CK_OP_ROLL:
	case CK_OP_CONCAT:
	case CK_OP_TAKE:
	case CK_OP_PAD:
	case CK_OP_GROW:
	case CK_OP_TILE:
	case CK_OP_REPEAT:
	case CK_OP_CAST:
	case CK_OP_SCALE:
	case CK_OP_SHIFT:
	case CK_OP_NEG:
		return axis;
	default: /* operators that split, merge or drop axes */
		return -1;
	}
}

static bool loses_range(const struct ck_node *node)
{
	/* Who writes saturate or allow has said it. */
	return node->op == CK_OP_CAST && ck_str_equal(ck_node_arg(node, "overflow")->text, CK_STR("error")) &&
	       !ck_cast_keeps_range(node->operands[0]->type.dtype, node->type.dtype);
}

/* last: the axis of this value that is the last one of the target, or -1. */
static bool look_at(struct search *search, struct ck_node *node, int last)
{
	if (node->epoch == search->binder->epoch)
		return true;
	node->epoch = search->binder->epoch;
	if ((loses_range(node) || (last >= 0 && !search->made->slot.n && grows_zeros(node, last))) && !note(search, node))
		return false;
	for (size_t i = 0; i < node->n_operands; i++)
		if (!look_at(search, node->operands[i], last >= 0 ? operand_axis(node, last) : -1))
			return false;
	return true;
}

static void buf_range(struct ck_buf *buf, enum ck_dtype dtype)
{
	__int128 low, high;

	if (is_floating(dtype)) {
		ck_buf_printf(buf, "%s reaches to %.6g", ck_dtype_name(dtype), ck_dtype_max(dtype));
		return;
	}
	ck_dtype_range(dtype, &low, &high);
	ck_buf_printf(buf, "%s goes from %lld to %llu", ck_dtype_name(dtype), (long long)low, (unsigned long long)high);
}

static void tell_cast(struct ck_binder *binder, const struct finding *finding, size_t rule)
{
	enum ck_dtype from = finding->node->operands[0]->type.dtype, to = finding->node->type.dtype;
	struct ck_diag *diag = ck_bind_warn(binder, CK_LOSSY_CAST, rule, ck_unit_span(binder, &binder->units[rule], finding->node->insn),
				    "the cast from %s to %s loses range, for \"%.*s\"%s", ck_dtype_name(from), ck_dtype_name(to),
				    CK_STR_ARG(target_text(binder, finding->made)), finding->n > 1 ? " and others" : "");
	struct ck_buf text = { 0 };

	if (!diag)
		return;
	buf_range(&text, from);
	ck_buf_str(&text, CK_STR(", "));
	buf_range(&text, to);
	ck_diag_note(binder->diags, diag, "%.*s; a value beyond makes the run fail", (int)text.n, text.p ? text.p : "");
	if (from == CK_DT_F32 && to == CK_DT_F16)
		ck_diag_help(binder->diags, diag, "bf16 has the range of f32; or say what becomes of such values: overflow=saturate or overflow=allow");
	else
		ck_diag_help(binder->diags, diag, "say what becomes of such values: overflow=saturate or overflow=allow");
	ck_buf_clear(&text);
}

static void tell_zeros(struct ck_binder *binder, const struct finding *finding, size_t rule)
{
	const struct ck_node *node = finding->node;
	int axis = axis_of(node);
	struct ck_diag *diag = ck_bind_warn(binder, CK_SUDDEN_ZEROS, rule, ck_unit_span(binder, &binder->units[rule], node->insn),
				    "zeros become outputs of \"%.*s\"%s: axis %d grows from %lld to %lld", CK_STR_ARG(target_text(binder, finding->made)),
				    finding->n > 1 ? " and others" : "", axis, (long long)node->operands[0]->type.dims[axis],
				    (long long)node->type.dims[axis]);

	if (!diag)
		return;
	ck_diag_note(binder->diags, diag, "later layers read units that are all the same: what normalises over them changes at once, and training "
					  "moves them alike");
	ck_diag_help(binder->diags, diag, "a small normal keeps them apart: with=normal(stddev=0.02). New inputs, on another axis, may be zeros");
}

static bool warn_operators(struct ck_binder *binder)
{
	struct search search = { .binder = binder, .findings = ck_arena_array(binder->arena, binder->code->n_rules + 1, sizeof(*search.findings)) };

	if (!search.findings)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < binder->n_makes; i++) {
		search.made = &binder->makes[i];
		if (search.made->rule == SIZE_MAX || search.made->follows)
			continue;
		binder->epoch++;
		if (!look_at(&search, search.made->node, search.made->node->type.rank - 1))
			return false;
	}
	for (size_t i = 0; i < binder->code->n_rules; i++)
		for (size_t j = 0; search.findings[i] && j < binder->units[i].n_code; j++) {
			const struct finding *finding = &search.findings[i][j];

			if (finding->n && finding->node->op == CK_OP_CAST)
				tell_cast(binder, finding, i);
			else if (finding->n)
				tell_zeros(binder, finding, i);
		}
	return true;
}

/* ---- renames that cross */

/* made takes the name of a source that `other` moves elsewhere. */
static void tell_crossing(struct ck_binder *binder, const struct ck_made *made, const struct ck_made *other)
{
	const struct ck_subject *items = binder->inputs[CK_INPUT_SOURCE].items;
	struct ck_arena *arena = binder->diags->arena;
	struct ck_str from = ck_name_text(arena, items[made->origin].name), to = ck_name_text(arena, made->name);
	struct ck_str onward = ck_name_text(arena, other->name);
	bool swap = ck_str_equal(other->name, items[made->origin].name);
	struct ck_diag *diag;

	if (is_allowed(binder, CK_CROSSING, ck_plan_rule_span(binder->plan, other->rule, SIZE_MAX)))
		return;
	diag = ck_bind_warn(binder, CK_CROSSING, made->rule, ck_plan_goal_span(binder->plan, made->rule, made->goal),
		    "\"%.*s\" becomes \"%.*s\", and another statement makes \"%.*s\" of the old \"%.*s\"", CK_STR_ARG(from), CK_STR_ARG(to),
		    CK_STR_ARG(onward), CK_STR_ARG(to));
	if (!diag)
		return;
	ck_diag_label(binder->diags, diag, ck_plan_goal_span(binder->plan, other->rule, other->goal), "the old \"%.*s\" goes here", CK_STR_ARG(to));
	ck_diag_note(binder->diags, diag, swap ? "all statements read the source: the two change places"
					       : "all statements read the source: none of them sees what another makes");
	ck_diag_help(binder->diags, diag, "if it is meant, say so in a comment: # ckmig: allow(W0202) why");
}

static bool warn_crossings(struct ck_binder *binder)
{
	struct ck_subjects *source = &binder->inputs[CK_INPUT_SOURCE];
	const struct ck_made **first = ck_arena_array(binder->arena, source->n + 1, sizeof(*first));
	bool *told = ck_arena_array(binder->arena, binder->code->n_rules + 1, sizeof(*told));

	if (!first || !told)
		return ck_bind_nomem(binder);
	for (size_t i = binder->n_makes; i-- > 0;)
		if (binder->makes[i].origin != SIZE_MAX && !binder->makes[i].slot.n)
			first[binder->makes[i].origin] = &binder->makes[i];
	for (size_t i = 0; i < binder->n_makes; i++) {
		const struct ck_made *made = &binder->makes[i], *other;
		size_t old;

		if (made->origin == SIZE_MAX || made->slot.n || !ck_subjects_find(binder, source, CK_BY_NAME, made->name, &old) || old == made->origin)
			continue;
		other = first[old];
		/* Within one statement it is a renumbering, which can only be meant. */
		if (!other || other->rule == made->rule || told[made->rule])
			continue;
		tell_crossing(binder, made, other);
		told[made->rule] = told[other->rule] = true;
	}
	return true;
}

void ck_bind_warnings(struct ck_binder *binder)
{
	/* What is wrong anyway is not also doubtful. */
	if (ck_bind_failed(binder))
		return;
	if (warn_operators(binder) && warn_crossings(binder))
		ck_bind_warn_optimizers(binder);
}
