/*
 * Conditions of checks. A comparison is one for every match: it holds when it does for each of them. Three values: what matches
 * nothing, or is not known before the run, is unknown, and a check holds only when it is known to.
 */
#include "vm/check.h"

#include <inttypes.h>

#include "vm/series.h"

/* ---- calls */

size_t ck_check_find_calls(const Ck__Plan__Expr *condition, const Ck__Plan__Expr **ret_calls)
{
	size_t n = 0;

	if (condition->kind == CK_EXPR_CALL) {
		if (ret_calls)
			*ret_calls = condition;
		return 1;
	}
	for (size_t i = 0; i < condition->n_args; i++)
		n += ck_check_find_calls(condition->args[i], ret_calls ? ret_calls + n : NULL);
	return n;
}

bool ck_check_may_be_empty(const struct ck_check_call *call)
{
	return call->is_sum;
}

static bool is_pair(const struct ck_check_call *call)
{
	return call->function->function == CK_FUNCTION_EQUAL || call->function->function == CK_FUNCTION_CLOSE;
}

/* ---- what matches */

struct match_type {
	enum ck_dtype dtype;
	struct ck_shape shape;
	uint64_t n_bytes;
};

static const struct ck_manifest *manifest_of(const struct ck_check *check, uint32_t input)
{
	return input < check->n_manifests ? check->manifests[input] : NULL;
}

/* The type of a variable of an input, or of a target. False where the plan does not fit the checkpoint. */
static bool type_of_variable(const struct ck_check *check, uint32_t input, uint64_t variable, struct match_type *ret_type)
{
	const struct ck_manifest *manifest;

	if (input == CK_INPUT_TARGET) {
		const Ck__Plan__Target *target = check->bound->targets[variable];

		*ret_type = (struct match_type){ (enum ck_dtype)target->dtype, { target->n_dims, target->dims }, target->n_bytes };
		return true;
	}
	manifest = manifest_of(check, input);
	if (!manifest || variable >= manifest->n_variables)
		return false;
	*ret_type = (struct match_type){ manifest->variables[variable].dtype, manifest->variables[variable].shape,
					 manifest->variables[variable].place.n_bytes };
	return true;
}

/* Expressions are no subjects of functions that ask for types: the binder makes sure that those are variables. */
static bool type_of_match(const struct ck_check *check, const struct ck_check_call *call, size_t match, struct match_type *ret_type)
{
	return match < call->bound->n_variables && type_of_variable(check, call->bound->input, call->bound->variables[match], ret_type);
}

static void buf_variable(struct ck_buf *buf, const struct ck_check *check, uint32_t input, uint64_t variable)
{
	const struct ck_manifest *manifest = manifest_of(check, input);

	if (input == CK_INPUT_TARGET) {
		ck_buf_name(buf, ck_str_of(check->bound->targets[variable]->label));
		return;
	}
	ck_buf_name(buf, ck_plan_input_name(check->plan, input));
	ck_buf_char(buf, ':');
	if (manifest && variable < manifest->n_variables)
		ck_buf_name(buf, ck_variable_label(manifest, &manifest->variables[variable], check->arena));
}

static struct ck_str take_text(const struct ck_check *check, struct ck_buf *buf)
{
	struct ck_str text = ck_str_copy(check->arena, ck_buf_view(buf));

	ck_buf_clear(buf);
	return text.p ? text : CK_STR("");
}

struct ck_str ck_check_label(const struct ck_check *check, const struct ck_check_call *call, size_t match)
{
	struct ck_buf buf = { 0 };
	const Ck__Plan__CheckValue *value;

	if (match < call->bound->n_labels) {
		ck_buf_name(&buf, ck_str_of(call->bound->labels[match]));
		return take_text(check, &buf);
	}
	if (match < call->bound->n_variables) {
		buf_variable(&buf, check, call->bound->input, call->bound->variables[match]);
		return take_text(check, &buf);
	}
	value = call->bound->values[is_pair(call) ? 2 * match : match];
	for (size_t i = 0; i < value->n_code && !buf.n; i++)
		if (value->code[i]->op == CK_OP_LOAD)
			buf_variable(&buf, check, value->code[i]->input, value->code[i]->variable);
	if (!buf.n)
		ck_buf_str(&buf, CK_STR("a fill"));
	return take_text(check, &buf);
}

struct ck_str ck_check_types_text(const struct ck_check *check, const struct ck_check_call *call, size_t match, const struct ck_type *a,
				  const struct ck_type *b)
{
	struct ck_buf buf = { 0 };

	ck_buf_printf(&buf, "%.*s is ", CK_STR_ARG(ck_check_label(check, call, match)));
	ck_buf_type(&buf, a);
	ck_buf_str(&buf, CK_STR(", and is compared with "));
	ck_buf_type(&buf, b);
	return take_text(check, &buf);
}

size_t ck_check_source(const struct ck_check *check, const struct ck_check_call *call)
{
	uint32_t wanted = call->expr->args[0]->index;

	/* Instructions read registers that stand before them. */
	for (size_t i = check->message->n_code; i-- > 0;) {
		const Ck__Plan__Insn *insn = check->message->code[i];

		if (insn->dst != wanted)
			continue;
		if (insn->op == CK_OP_SOURCE)
			return i;
		if (!insn->n_src)
			break;
		wanted = insn->src[0];
	}
	return SIZE_MAX;
}

/* ---- values that need no tensor */

static uint64_t n_elements(const struct match_type *type)
{
	uint64_t n = 0;

	return ck_shape_elems(type->shape, &n) ? n : INT64_MAX;
}

static struct ck_value int_value(uint64_t number)
{
	return (struct ck_value){ .kind = CK_EXPR_INT, .integer = number > INT64_MAX ? INT64_MAX : (int64_t)number };
}

static struct ck_value shape_value(const struct ck_check *check, const struct match_type *type)
{
	struct ck_value value = { .kind = CK_EXPR_LIST, .n_items = type->shape.rank,
				  .items = ck_arena_array(check->arena, type->shape.rank + 1, sizeof(*value.items)) };

	for (size_t i = 0; value.items && i < type->shape.rank; i++)
		value.items[i] = int_value(type->shape.dims[i]);
	return value.items ? value : (struct ck_value){ .unknown = true };
}

static void sum_up(const struct ck_check *check, struct ck_check_call *call)
{
	enum ck_function function = call->function->function;
	uint64_t n_elems = 0, n_bytes = 0;
	struct match_type type;

	/* Manifests and outputs have fewer than 2^63 bytes; elements of no bytes are none. */
	for (size_t i = 0; i < call->n; i++) {
		if (!type_of_match(check, call, i, &type))
			continue;
		n_bytes += type.n_bytes;
		n_elems += n_elements(&type);
	}
	if (function == CK_FUNCTION_COUNT)
		call->values[0] = int_value(call->n);
	else if (function == CK_FUNCTION_ABSENT)
		call->values[0] = int_value(call->n == 0);
	else
		call->values[0] = int_value(function == CK_FUNCTION_PARAMS ? n_elems : n_bytes);
}

static void ask_types(const struct ck_check *check, struct ck_check_call *call)
{
	struct match_type type;

	for (size_t i = 0; i < call->n; i++) {
		if (!type_of_match(check, call, i, &type))
			continue;
		if (call->function->function == CK_FUNCTION_SHAPE)
			call->values[i] = shape_value(check, &type);
		else
			call->values[i] = (struct ck_value){ .kind = CK_EXPR_DTYPE, .index = type.dtype };
	}
}

bool ck_check_is_measured(const struct ck_check_call *call, size_t match)
{
	return match >= call->bound->n_variables && (match >= call->bound->n_known || call->bound->known[match]->kind == CK_EXPR_NONE);
}

/* What the plan tells, of matches that are in no checkpoint. */
static bool read_known(const struct ck_check *check, struct ck_check_call *call, size_t n_values)
{
	struct ck_env env = { .arena = check->arena };

	for (size_t i = 0; i < call->bound->n_known && i < n_values; i++)
		if (call->bound->known[i]->kind != CK_EXPR_NONE && ck_expr_eval(call->bound->known[i], &env, &call->values[i]) != CK_OK)
			return false;
	return true;
}

static bool open_call(struct ck_check *check, struct ck_check_call *call)
{
	enum ck_function function = call->function->function;
	bool is_told = call->bound->n_known > 0;
	size_t n_values;

	call->n = call->bound->n_labels ? call->bound->n_labels : call->bound->n_variables + call->bound->n_values / (is_pair(call) ? 2 : 1);
	call->is_sum = function == CK_FUNCTION_COUNT || function == CK_FUNCTION_PARAMS || function == CK_FUNCTION_BYTES ||
		       function == CK_FUNCTION_ABSENT;
	n_values = call->is_sum ? 1 : call->n;
	call->values = ck_arena_array(check->arena, n_values + 1, sizeof(*call->values));
	call->notes = ck_arena_array(check->arena, n_values + 1, sizeof(*call->notes));
	if (!call->values || !call->notes)
		return false;
	for (size_t i = 0; i < n_values; i++)
		call->values[i] = (struct ck_value){ .unknown = true };
	if (is_told)
		return read_known(check, call, n_values);
	if (call->is_sum)
		sum_up(check, call);
	else if (call->function->phase == CK_PHASE_PLAN)
		ask_types(check, call);
	return true;
}

bool ck_check_open(struct ck_check *check, size_t number)
{
	const Ck__Plan__BoundCheck *bound = check->bound->checks[number];
	const Ck__Plan__Expr **exprs = ck_arena_array(check->arena, bound->n_calls + 1, sizeof(*exprs));

	check->number = number;
	check->part = ck_plan_part_of_check(check->plan, &number);
	check->number_in_part = number;
	check->message = check->part->message->code->checks[number];
	check->n_calls = bound->n_calls;
	check->calls = ck_arena_array(check->arena, bound->n_calls + 1, sizeof(*check->calls));
	if (!exprs || !check->calls)
		return false;
	CK_ASSERT(ck_check_find_calls(check->message->condition, NULL) == bound->n_calls);
	ck_check_find_calls(check->message->condition, exprs);
	for (size_t i = 0; i < bound->n_calls; i++) {
		check->calls[i].expr = exprs[i];
		check->calls[i].bound = bound->calls[i];
		check->calls[i].function = ck_function_info(exprs[i]->index);
		if (!open_call(check, &check->calls[i]))
			return false;
	}
	return true;
}

/* ---- texts */

static void buf_subject(struct ck_buf *buf, const struct ck_check *check, const struct ck_check_call *call)
{
	static const char *const by[] = { [CK_BY_NAME] = "", [CK_BY_PATH] = "path:", [CK_BY_FULL] = "full:" };
	size_t at = ck_check_source(check, call);
	const Ck__Plan__Source *source = at < check->message->n_code ? check->message->code[at]->source : NULL;

	if (!source || !source->pattern) {
		ck_buf_str(buf, CK_STR("what it asks about"));
		return;
	}
	if (source->input != CK_INPUT_TARGET) {
		ck_buf_name(buf, ck_plan_input_name(check->part, source->input));
		ck_buf_char(buf, ':');
	}
	ck_buf_printf(buf, "%s\"", source->pattern->by < CK_COUNT(by) ? by[source->pattern->by] : "");
	ck_buf_pattern(buf, source->pattern, check->message->locals, check->message->n_locals, true);
	ck_buf_char(buf, '"');
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* "max is 3.5 in blocks/0/w", "count is 11" */
static void buf_value(struct ck_buf *buf, const struct ck_check *check, const struct ck_check_call *call, size_t match)
{
	ck_buf_printf(buf, "%s is ", call->function->name);
	ck_buf_value(buf, &call->values[match]);
	if (!call->is_sum)
		ck_buf_printf(buf, " in %.*s", CK_STR_ARG(ck_check_label(check, call, match)));
}

static bool same_value(const struct ck_value *a, const struct ck_value *b)
{
	if (a->kind != b->kind || a->integer != b->integer || a->index != b->index || a->n_items != b->n_items)
		return false;
	for (size_t i = 0; i < a->n_items; i++)
		if (!same_value(&a->items[i], &b->items[i]))
			return false;
	return a->kind != CK_EXPR_FLOAT || a->number == b->number;
}

static double number_of(const struct ck_value *value)
{
	return value->kind == CK_EXPR_INT ? (double)value->integer : value->number;
}

/* What a call gives, in few words: of many matches the extreme, or what all have. */
static void buf_summary(struct ck_buf *buf, const struct ck_check *check, const struct ck_check_call *call)
{
	bool least = call->function->function == CK_FUNCTION_MIN, same = true;
	size_t extreme = 0;

	for (size_t i = 1; i < call->n && !call->is_sum; i++) {
		double best = number_of(&call->values[extreme]), x = number_of(&call->values[i]);

		same = same && same_value(&call->values[0], &call->values[i]);
		extreme = (least ? x < best : x > best) ? i : extreme;
	}
	if (call->is_sum || call->n == 1 || call->function->result == CK_RESULT_NUMBER) {
		buf_value(buf, check, call, extreme);
		return;
	}
	ck_buf_printf(buf, "%s is ", call->function->name);
	if (same)
		ck_buf_value(buf, &call->values[0]);
	else
		ck_buf_str(buf, CK_STR("as asked"));
	ck_buf_printf(buf, " in %zu variables", call->n);
}

/* ---- parts of a condition that have no && || ! in them */

struct leaf {
	const Ck__Plan__Expr *expr;
	struct ck_check_call *calls;	/* of the check: those that stand in it, in a row */
	size_t n_calls;
	enum ck_holds holds;
	struct ck_str text;
};

/* The answer to a CALL while a comparison is computed. */
static bool answer(void *context, const struct ck_env *env, const Ck__Plan__Expr *expr, struct ck_value *ret_value)
{
	const struct leaf *leaf = context;

	(void)env;
	for (size_t i = 0; i < leaf->n_calls; i++)
		if (leaf->calls[i].expr == expr) {
			*ret_value = leaf->calls[i].values[leaf->calls[i].at];
			return true;
		}
	return false;
}

static struct ck_env env_of(const struct ck_check *check, struct leaf *leaf)
{
	return (struct ck_env){ .arena = check->arena, .params = check->params, .n_params = check->part->message->code->n_params,
				.call = answer, .context = leaf };
}

/* The next choice of one match for each call; false after the last. */
static bool next_choice(struct leaf *leaf)
{
	for (size_t i = leaf->n_calls; i-- > 0;) {
		size_t n = leaf->calls[i].is_sum ? 1 : leaf->calls[i].n;

		if (++leaf->calls[i].at < n)
			return true;
		leaf->calls[i].at = 0;
	}
	return false;
}

/* The side of a comparison that is asked for: ", not 12", ", not < 5", ", not within (0, 1)". */
static void buf_asked(struct ck_buf *buf, const struct ck_check *check, struct leaf *leaf)
{
	static const char *const signs[] = { [CK_EXPR_EQ] = "", [CK_EXPR_LT] = "< ", [CK_EXPR_LE] = "<= ", [CK_EXPR_GT] = "> ", [CK_EXPR_GE] = ">= " };
	struct ck_env env = env_of(check, leaf);
	const Ck__Plan__Expr *expr = leaf->expr;
	struct ck_value low, high;

	if (leaf->n_calls != 1 || expr->args[0]->kind != CK_EXPR_CALL)
		return;
	if (ck_expr_eval(expr->args[1], &env, &low) != CK_OK)
		return;
	if (expr->kind == CK_EXPR_WITHIN && ck_expr_eval(expr->args[2], &env, &high) == CK_OK) {
		ck_buf_str(buf, CK_STR(", not within ("));
		ck_buf_value(buf, &low);
		ck_buf_str(buf, CK_STR(", "));
		ck_buf_value(buf, &high);
		ck_buf_char(buf, ')');
	} else if (expr->kind < CK_COUNT(signs) && signs[expr->kind]) {
		ck_buf_printf(buf, ", not %s", signs[expr->kind]);
		ck_buf_value(buf, &low);
	}
}

static void buf_comparison(struct ck_buf *buf, const struct ck_check *check, struct leaf *leaf)
{
	for (size_t i = 0; i < leaf->n_calls; i++) {
		const struct ck_check_call *call = &leaf->calls[i];
		bool unknown = call->values[call->at].unknown;

		/* What the run is to find out is nothing to tell. */
		if (leaf->holds == CK_HOLDS_UNKNOWN && (!unknown || !call->notes[call->at].n))
			continue;
		ck_buf_str(buf, buf->n ? CK_STR(" and ") : CK_STR(""));
		if (leaf->holds == CK_HOLDS_YES)
			buf_summary(buf, check, call);
		else if (unknown)
			ck_buf_str(buf, call->notes[call->at]);
		else
			buf_value(buf, check, call, call->at);
	}
	if (leaf->holds == CK_HOLDS_NO)
		buf_asked(buf, check, leaf);
}

static void compare_each(struct ck_check *check, struct leaf *leaf)
{
	enum { MAX_CHOICES = 1 << 20 };
	struct ck_env env = env_of(check, leaf);
	struct ck_buf text = { 0 };
	size_t n = 0;

	leaf->holds = CK_HOLDS_YES;
	do {
		struct ck_value value;
		bool truth = false;

		if (ck_expr_eval(leaf->expr, &env, &value) != CK_OK || (!value.unknown && !ck_value_truth(&env, &value, &truth))) {
			leaf->holds = CK_HOLDS_UNKNOWN;
			leaf->text = env.message;
			check->is_broken = true;
			return;
		}
		if (++n > MAX_CHOICES) {
			leaf->holds = CK_HOLDS_UNKNOWN;
			leaf->text = CK_STR("it compares more than a million pairs of matches");
			check->is_broken = true;
			return;
		}
		if (!truth)
			leaf->holds = value.unknown ? CK_HOLDS_UNKNOWN : CK_HOLDS_NO;
	} while (leaf->holds == CK_HOLDS_YES && next_choice(leaf));
	buf_comparison(&text, check, leaf);
	leaf->text = take_text(check, &text);
}

/* Why absent() does not hold. */
static void buf_present(struct ck_buf *buf, const struct ck_check *check, const struct ck_check_call *call)
{
	buf_subject(buf, check, call);
	ck_buf_printf(buf, " matches %zu variable%s", call->n, plural(call->n));
}

/* The truth of a function that is one: for each match, and in all. */
static void ask_truth(struct ck_check *check, struct leaf *leaf)
{
	struct ck_check_call *call = &leaf->calls[0];
	size_t n = call->is_sum ? 1 : call->n, n_no = 0, first = SIZE_MAX;
	const char *what = call->function->function == CK_FUNCTION_FINITE ? "all finite" : call->function->name;
	struct ck_buf text = { 0 };

	leaf->holds = CK_HOLDS_YES;
	for (size_t i = 0; i < n; i++) {
		if (!call->values[i].unknown && call->values[i].integer)
			continue;
		n_no += !call->values[i].unknown;
		if (first == SIZE_MAX || (leaf->holds == CK_HOLDS_UNKNOWN && !call->values[i].unknown))
			first = i;
		leaf->holds = n_no ? CK_HOLDS_NO : CK_HOLDS_UNKNOWN;
	}
	if (call->is_sum && leaf->holds == CK_HOLDS_YES)
		ck_buf_str(&text, CK_STR("nothing matches"));
	else if (call->is_sum)
		buf_present(&text, check, call);
	else if (leaf->holds == CK_HOLDS_YES)
		ck_buf_printf(&text, "%s in %zu variable%s", what, call->n, plural(call->n));
	else
		ck_buf_str(&text, call->notes[first]);
	if (n_no > 1)
		ck_buf_printf(&text, ", and more in %zu other%s", n_no - 1, plural(n_no - 1));
	leaf->text = take_text(check, &text);
}

static bool is_truth_call(const Ck__Plan__Expr *expr)
{
	return expr->kind == CK_EXPR_CALL && ck_function_info(expr->index)->result == CK_RESULT_TRUTH;
}

static void decide_leaf(struct ck_check *check, struct leaf *leaf)
{
	for (size_t i = 0; i < leaf->n_calls; i++) {
		struct ck_check_call *call = &leaf->calls[i];
		struct ck_buf text = { 0 };

		call->at = 0;
		if (call->n || ck_check_may_be_empty(call))
			continue;
		buf_subject(&text, check, call);
		ck_buf_str(&text, CK_STR(" matches nothing"));
		leaf->holds = CK_HOLDS_UNKNOWN;
		leaf->text = take_text(check, &text);
		return;
	}
	if (is_truth_call(leaf->expr))
		ask_truth(check, leaf);
	else
		compare_each(check, leaf);
}

/* ---- the condition */

struct decision {
	struct ck_check *check;
	size_t n_calls;			/* seen so far */
	struct ck_buf found, missing;	/* texts of leaves that hold, and of those that do not */
	const struct ck_check_call *blamed;
};

static enum ck_holds decide(struct decision *decision, const Ck__Plan__Expr *expr);

static enum ck_holds decide_two(struct decision *decision, const Ck__Plan__Expr *expr)
{
	enum ck_holds a = decide(decision, expr->args[0]), b = decide(decision, expr->args[1]);
	enum ck_holds strong = expr->kind == CK_EXPR_OR ? CK_HOLDS_YES : CK_HOLDS_NO;

	if (a == strong || b == strong)
		return strong;
	return a == CK_HOLDS_UNKNOWN || b == CK_HOLDS_UNKNOWN ? CK_HOLDS_UNKNOWN : a;
}

static enum ck_holds decide(struct decision *decision, const Ck__Plan__Expr *expr)
{
	struct leaf leaf = { .expr = expr, .calls = decision->check->calls + decision->n_calls };
	struct ck_buf *texts;

	if (expr->kind == CK_EXPR_OR || expr->kind == CK_EXPR_AND)
		return decide_two(decision, expr);
	if (expr->kind == CK_EXPR_NOT) {
		enum ck_holds holds = decide(decision, expr->args[0]);

		return holds == CK_HOLDS_UNKNOWN ? holds : holds == CK_HOLDS_YES ? CK_HOLDS_NO : CK_HOLDS_YES;
	}
	leaf.n_calls = ck_check_find_calls(expr, NULL);
	decision->n_calls += leaf.n_calls;
	decide_leaf(decision->check, &leaf);
	if (leaf.holds != CK_HOLDS_YES && leaf.text.n && leaf.n_calls && !decision->blamed)
		decision->blamed = leaf.calls;
	texts = leaf.holds == CK_HOLDS_YES ? &decision->found : &decision->missing;
	if (texts->n && leaf.text.n)
		ck_buf_str(texts, CK_STR("; "));
	ck_buf_str(texts, leaf.text);
	return leaf.holds;
}

void ck_check_decide(struct ck_check *check)
{
	struct decision decision = { .check = check };
	bool holds;

	check->is_broken = false;
	check->holds = decide(&decision, check->message->condition);
	holds = check->holds == CK_HOLDS_YES;
	check->blamed = holds ? NULL : decision.blamed;
	/* Under a `!` what holds is what is wrong. */
	if (holds ? decision.found.n > 0 : !decision.missing.n)
		check->detail = ck_str_copy(check->arena, ck_buf_view(&decision.found));
	else
		check->detail = ck_str_copy(check->arena, ck_buf_view(&decision.missing));
	if (!check->detail.p)
		check->detail = CK_STR("");
	ck_buf_clear(&decision.found);
	ck_buf_clear(&decision.missing);
}
