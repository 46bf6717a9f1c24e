/* A name that a pattern splits in several ways: an error, unless all of them mean the same. */
#include "vm/bind_internal.h"

#include <string.h>

/* Names that have more ways than this are refused without looking at all of them. */
enum { MAX_SPLITS = 64 };

struct ck_splits {
	struct ck_binding *items[MAX_SPLITS];	/* [n_locals] each */
	bool *strict;				/* [n_locals] locals whose value itself counts, not only the names made of it */
};

/* ---- what decides besides names of targets */

static bool joins_or_groups(const struct ck_unit *unit)
{
	for (size_t i = 0; i < unit->n_code; i++) {
		const struct ck_op_info *op = ck_op_info(unit->code[i]->op);
		size_t over = ck_param_index(op->params, op->n_params, "over");

		if (unit->code[i]->op == CK_OP_JOIN || (over < unit->code[i]->n_args && unit->code[i]->args[over]->kind == CK_EXPR_LOCAL))
			return true;
	}
	return false;
}

static void mark_locals(const Ck__Plan__Expr *expr, bool *marks, size_t n_locals)
{
	if (expr->kind == CK_EXPR_LOCAL && expr->index < n_locals)
		marks[expr->index] = true;
	for (size_t i = 0; i < expr->n_args; i++)
		mark_locals(expr->args[i], marks, n_locals);
}

/* All locals that are used where tuples are joined or groups made, else those of arguments. */
static struct ck_splits *splits_new(struct ck_binder *binder, const struct ck_unit *unit)
{
	struct ck_splits *splits = ck_arena_alloc(binder->arena, sizeof(*splits));
	bool strict = joins_or_groups(unit);

	if (!splits)
		return NULL;
	splits->strict = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(*splits->strict));
	for (size_t i = 0; i < MAX_SPLITS; i++)
		splits->items[i] = ck_arena_array(binder->arena, unit->n_locals + 1, sizeof(**splits->items));
	if (ck_arena_failed(binder->arena))
		return NULL;
	for (size_t i = 0; strict && i < unit->n_locals; i++)
		splits->strict[i] = unit->used[i];
	for (size_t i = 0; !strict && i < unit->n_code; i++)
		for (size_t j = 0; j < unit->code[i]->n_args; j++)
			mark_locals(unit->code[i]->args[j], splits->strict, unit->n_locals);
	return splits;
}

/* ---- what a split means */

struct meaning {
	bool truth;			/* of the source's `where` */
	struct ck_str *names;		/* of all goals, "x" or "x@m" */
	size_t n_names;
};

/* Captures that operators make later stand for themselves; the number divides by what names are computed with. */
static const struct ck_binding *with_later_ones(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_binding *split)
{
	static const int64_t divisible = 720720LL * 840;
	struct ck_binding *bindings = ck_bindings_copy(binder, unit, split);

	for (size_t i = 0; bindings && i < unit->n_locals; i++)
		if (!bindings[i].set)
			bindings[i] = (struct ck_binding){ .set = true, .text = CK_STR("\x01"), .number = divisible, .has_number = true };
	return bindings;
}

static bool name_goals(struct ck_binder *binder, const struct ck_unit *unit, const struct ck_binding *split, struct meaning *meaning)
{
	const Ck__Plan__Insn *store = unit->code[unit->n_code - 1];
	const struct ck_binding *bindings = with_later_ones(binder, unit, split);

	meaning->names = ck_arena_array(binder->arena, store->n_goals + 1, sizeof(*meaning->names));
	if (!bindings || !meaning->names)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < store->n_goals; i++) {
		struct ck_env env = ck_bind_env(binder, unit, bindings);
		struct ck_str name = { 0 }, slot = { 0 };

		if (!store->goals[i]->same && ck_template_render(store->goals[i]->name, &env, &name, &slot) != CK_OK)
			return false;
		meaning->names[meaning->n_names++] = slot.n ? ck_str_format(binder->arena, "%.*s@%.*s", CK_STR_ARG(name), CK_STR_ARG(slot)) : name;
	}
	return true;
}

static bool find_meaning(struct ck_binder *binder, struct ck_unit *unit, struct ck_split_place place, struct ck_binding *split,
			 struct meaning *ret_meaning)
{
	struct ck_origin origin = { .input = place.input, .variable = place.variable, .insn = place.insn };
	struct ck_origin *origins[1] = { &origin };
	struct ck_row row = { .bindings = split, .origins = origins, .n_origins = 1 };

	*ret_meaning = (struct meaning){ .truth = true };
	if (unit->code[place.insn]->where && !ck_bind_where(binder, unit, place.insn, &row, &ret_meaning->truth))
		return false;
	/* What the condition leaves out makes no name. */
	return !ret_meaning->truth || unit->is_check || name_goals(binder, unit, split, ret_meaning);
}

static bool equal_meanings(const struct meaning *a, const struct meaning *b)
{
	if (a->truth != b->truth || a->n_names != b->n_names)
		return false;
	for (size_t i = 0; i < a->n_names; i++)
		if (!ck_str_equal(a->names[i], b->names[i]))
			return false;
	return true;
}

static bool equal_locals(const struct ck_unit *unit, const bool *strict, const struct ck_binding *a, const struct ck_binding *b)
{
	for (size_t i = 0; i < unit->n_locals; i++)
		if (strict[i] && (a[i].alternative != b[i].alternative || !ck_str_equal(a[i].text, b[i].text)))
			return false;
	return true;
}

/* ---- telling */

static void buf_split(struct ck_buf *buf, const struct ck_unit *unit, const struct ck_binding *bindings)
{
	bool any = false;

	for (size_t i = 0; i < unit->n_locals; i++) {
		if (!bindings[i].set || !unit->used[i])
			continue;
		ck_buf_printf(buf, "%s%.*s = \"", any ? ", " : "", CK_STR_ARG(ck_str_of(unit->locals[i]->name)));
		ck_buf_name(buf, bindings[i].text);
		ck_buf_char(buf, '"');
		if (unit->locals[i]->kind == CK_LOCAL_CHOICE)
			ck_buf_printf(buf, " (alternative %u)", bindings[i].alternative + 1);
		any = true;
	}
}

static void note_split(struct ck_binder *binder, const struct ck_unit *unit, struct ck_diag *diag, const char *which,
		       const struct ck_binding *split, const struct meaning *meaning)
{
	struct ck_buf text = { 0 };

	buf_split(&text, unit, split);
	if (meaning && !meaning->truth)
		ck_buf_str(&text, CK_STR(", which the `where` leaves out"));
	else if (meaning && meaning->n_names && meaning->names[0].n) {
		ck_buf_str(&text, CK_STR(" makes \""));
		ck_buf_name(&text, meaning->names[0]);
		ck_buf_char(&text, '"');
	}
	ck_diag_note(binder->diags, diag, "%s: %.*s", which, (int)text.n, text.p ? text.p : "");
	ck_buf_clear(&text);
}

static void two_splits(struct ck_binder *binder, struct ck_unit *unit, struct ck_split_place place, const struct ck_binding *a,
		       const struct ck_binding *b, const struct meaning *meanings)
{
	struct ck_diag *diag;

	if (!ck_bind_once(unit, place.insn))
		return;
	diag = ck_error(binder->diags, CK_AMBIGUOUS_SPLIT, ck_unit_span(binder, unit, place.insn), "this pattern splits \"%.*s\" in two ways",
			CK_STR_ARG(ck_name_text(binder->diags->arena, place.name)));
	note_split(binder, unit, diag, "one way", a, meanings ? &meanings[0] : NULL);
	note_split(binder, unit, diag, "another", b, meanings ? &meanings[1] : NULL);
	ck_diag_help(binder->diags, diag, "narrow a capture so that one way is left, such as {a:[a-z]*} or {a:int}, or write out what stands around it");
}

bool ck_bind_split(struct ck_binder *binder, struct ck_unit *unit, struct ck_split_place place, struct ck_matcher *matcher,
		   struct ck_splits **splits_cache, struct ck_binding *bindings)
{
	struct ck_splits *splits = *splits_cache ? *splits_cache : splits_new(binder, unit);
	struct meaning meanings[2];
	bool known;
	size_t n;

	*splits_cache = splits;
	if (!splits)
		return ck_bind_nomem(binder);
	for (size_t i = 0; i < MAX_SPLITS; i++)
		memset(splits->items[i], 0, unit->n_locals * sizeof(**splits->items));
	n = ck_matcher_splits(matcher, place.name, splits->items, MAX_SPLITS);
	if (n < 2)
		return !ck_arena_failed(binder->arena) || ck_bind_nomem(binder);
	memcpy(bindings, splits->items[0], unit->n_locals * sizeof(*bindings));
	known = find_meaning(binder, unit, place, splits->items[0], &meanings[0]);
	for (size_t i = 1; i < n && !binder->nomem; i++) {
		bool both = known && find_meaning(binder, unit, place, splits->items[i], &meanings[1]);

		if (n < MAX_SPLITS && both && equal_meanings(&meanings[0], &meanings[1]) &&
		    (!meanings[0].truth || equal_locals(unit, splits->strict, splits->items[0], splits->items[i])))
			continue;
		two_splits(binder, unit, place, splits->items[0], splits->items[i], both ? meanings : NULL);
		break;
	}
	return !binder->nomem;
}
