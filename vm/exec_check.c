/* Checks after the run: what they need of tensors is read from what was written, then all of them are decided for the report. */
#include "vm/exec_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "vm/check.h"
#include "vm/series.h"

/* A value of a check that has to be measured. */
struct pending {
	struct ck_check_call *call;
	size_t match;
};

struct checks {
	struct ck_exec *exec;
	struct ck_check *items;		/* [n] */
	size_t n;
	struct pending *pending;	/* [n_measures] */
	struct ck_measure *measures;
	size_t n_measures, pending_capacity, measures_capacity;
};

/* ---- opening */

/* Constants of a part as values: Bound.params of it, by their names. */
static struct ck_value *param_values(struct ck_exec *exec, const struct ck_plan *part)
{
	const Ck__Plan__Code *code = part->message->code;
	const Ck__Plan__Bound *bound = part->message->bound;
	struct ck_value *values = ck_arena_array(exec->arena, code->n_params + 1, sizeof(*values));
	struct ck_env env = { .arena = exec->arena };

	for (size_t i = 0; values && i < code->n_params; i++) {
		const Ck__Plan__Expr *expr = code->params[i]->value;

		for (size_t j = 0; j < bound->n_params; j++)
			if (ck_str_equal(ck_str_of(bound->params[j]->name), ck_str_of(code->params[i]->name)))
				expr = bound->params[j]->value;
		if (ck_expr_eval(expr, &env, &values[i]) != CK_OK)
			return NULL;
	}
	return values;
}

static enum ck_code open_checks(struct ck_exec *exec, struct checks *checks)
{
	size_t n = 0;

	*checks = (struct checks){ .exec = exec, .n = exec->message->n_checks,
				   .items = ck_arena_array(exec->arena, exec->message->n_checks + 1, sizeof(*checks->items)) };
	if (!checks->items)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < ck_plan_n_parts(exec->bound); i++) {
		const struct ck_plan *part = ck_plan_part(exec->bound, i);
		struct ck_value *params = param_values(exec, part);

		for (size_t j = 0; j < part->message->code->n_checks; j++, n++) {
			checks->items[n] = (struct ck_check){ .plan = exec->bound, .bound = exec->message, .manifests = exec->inputs->manifests,
							      .n_manifests = exec->inputs->n, .params = params, .arena = exec->arena };
			if (!params || !ck_check_open(&checks->items[n], n))
				return ck_error_nomem(exec->diags);
		}
	}
	return CK_OK;
}

/* ---- before the run */

static bool is_floating(enum ck_dtype dtype)
{
	return ck_dtype_class(dtype) == CK_CLASS_FLOAT || ck_dtype_class(dtype) == CK_CLASS_COMPLEX;
}

/* Whether the function has to look at elements of a dtype: integers are finite, and so is what is no number. */
static bool looks_at(const struct ck_check_call *call, enum ck_dtype dtype)
{
	return call->function->function != CK_FUNCTION_FINITE || is_floating(dtype);
}

static void mark_source(struct ck_exec *exec, uint32_t input, uint64_t variable)
{
	if (input < exec->n_data && exec->loaded[input] && variable < exec->inputs->manifests[input]->n_variables)
		exec->loaded[input][variable] = true;
}

static void mark_call(struct ck_exec *exec, const struct ck_check_call *call)
{
	for (size_t i = 0; i < call->bound->n_variables; i++) {
		uint64_t variable = call->bound->variables[i];

		if (call->bound->input != CK_INPUT_TARGET)
			mark_source(exec, call->bound->input, variable);
		else if (looks_at(call, (enum ck_dtype)exec->message->targets[variable]->dtype))
			exec->targets[variable].wants_statistics = true;
	}
	for (size_t i = 0; i < call->bound->n_values; i++)
		for (size_t j = 0; j < call->bound->values[i]->n_code; j++) {
			const Ck__Plan__Insn *insn = call->bound->values[i]->code[j];

			if (insn->op == CK_OP_LOAD && insn->input != CK_INPUT_TARGET)
				mark_source(exec, insn->input, insn->variable);
		}
}

enum ck_code ck_exec_plan_checks(struct ck_exec *exec)
{
	struct checks checks;
	enum ck_code code = open_checks(exec, &checks);

	for (size_t i = 0; i < checks.n && code == CK_OK; i++)
		for (size_t j = 0; j < checks.items[i].n_calls; j++)
			if (checks.items[i].calls[j].function->phase == CK_PHASE_RUN)
				mark_call(exec, &checks.items[i].calls[j]);
	return code;
}

/* ---- what was found, as values */

static void set_finite(const struct ck_check *check, struct ck_check_call *call, size_t match, uint64_t n, uint64_t n_nan, uint64_t n_inf)
{
	struct ck_str label = ck_check_label(check, call, match), more = CK_STR("");

	call->values[match] = (struct ck_value){ .kind = CK_EXPR_INT, .integer = n_nan + n_inf == 0 };
	if (n_nan + n_inf == 0)
		return;
	if (n_nan && n_inf)
		more = ck_str_format(check->arena, ", and %" PRIu64 " infinite", n_inf);
	call->notes[match] = ck_str_format(check->arena, "%" PRIu64 " of %" PRIu64 " numbers in %.*s are %s%.*s", n_nan ? n_nan : n_inf, n,
					   CK_STR_ARG(label), n_nan ? "NaN" : "infinite", CK_STR_ARG(more));
}

static void set_empty(const struct ck_check *check, struct ck_check_call *call, size_t match)
{
	call->notes[match] = ck_str_format(check->arena, "%.*s has no elements", CK_STR_ARG(ck_check_label(check, call, match)));
}

/* NaN is the least and the greatest of what holds one: nothing compares with it. */
static void set_extreme(struct ck_check_call *call, size_t match, enum ck_dtype dtype, double x, __int128 whole, bool has_nan)
{
	if (!is_floating(dtype) && whole <= INT64_MAX)
		call->values[match] = (struct ck_value){ .kind = CK_EXPR_INT, .integer = (int64_t)whole };
	else
		call->values[match] = (struct ck_value){ .kind = CK_EXPR_FLOAT, .number = has_nan ? (double)NAN : is_floating(dtype) ? x : (double)whole };
}

static void set_equal(const struct ck_check *check, struct ck_check_call *call, size_t match, const struct ck_measure *measure)
{
	bool holds = measure->same_type && !measure->n_differ;
	struct ck_str label = ck_check_label(check, call, match);

	call->values[match] = (struct ck_value){ .kind = CK_EXPR_INT, .integer = holds };
	if (holds)
		return;
	if (!measure->same_type) {
		struct ck_type types[2];

		for (size_t i = 0; i < 2; i++)
			types[i] = (struct ck_type){ measure->sides[i].dtype, (int)measure->sides[i].shape.rank,
						     (const int64_t *)measure->sides[i].shape.dims };
		call->notes[match] = ck_check_types_text(check, call, match, &types[0], &types[1]);
	} else if (!ck_dtype_width(measure->sides[0].dtype)) {
		call->notes[match] = ck_str_format(check->arena, "the strings of %.*s differ", CK_STR_ARG(label));
	} else if (measure->is_close && measure->largest > 0) {
		call->notes[match] = ck_str_format(check->arena, "%" PRIu64 " of %" PRIu64 " elements of %.*s differ too much; the largest difference is %.6g",
						   measure->n_differ, measure->n_elems, CK_STR_ARG(label), measure->largest);
	} else {
		call->notes[match] = ck_str_format(check->arena, "%" PRIu64 " of %" PRIu64 " elements of %.*s differ", measure->n_differ, measure->n_elems,
						   CK_STR_ARG(label));
	}
}

static void set_measured(const struct ck_check *check, struct ck_check_call *call, size_t match, const struct ck_measure *measure)
{
	bool least = call->function->function == CK_FUNCTION_MIN;

	if (measure->n_sides == 2)
		set_equal(check, call, match, measure);
	else if (call->function->function == CK_FUNCTION_FINITE)
		set_finite(check, call, match, measure->n_elems, measure->n_nan, measure->n_inf);
	else if (!measure->n_elems)
		set_empty(check, call, match);
	else
		set_extreme(call, match, measure->sides[0].dtype, least ? measure->min : measure->max, least ? measure->low : measure->high,
			    measure->n_nan > 0);
}

/* Statistics of a target tell it, unless infinities or large integers hide behind them. False: it has to be measured. */
static bool set_from_statistics(struct ck_exec *exec, const struct ck_check *check, struct ck_check_call *call, size_t match)
{
	const struct ck_statistics *statistics = &exec->report->targets[call->bound->variables[match]].statistics;
	enum ck_dtype dtype = (enum ck_dtype)exec->message->targets[call->bound->variables[match]]->dtype;
	double x = call->function->function == CK_FUNCTION_MIN ? statistics->min : statistics->max;

	if (!statistics->valid)
		return false;
	if (call->function->function == CK_FUNCTION_FINITE) {
		set_finite(check, call, match, statistics->n_elems, statistics->n_nan, statistics->n_inf);
	} else if (!statistics->n_elems) {
		set_empty(check, call, match);
	} else {
		if ((statistics->n_inf && !statistics->n_nan) || (!is_floating(dtype) && fabs(x) >= 0x1p53))
			return false;
		set_extreme(call, match, dtype, x, is_floating(dtype) ? 0 : (__int128)x, statistics->n_nan > 0);
	}
	return true;
}

/* ---- what has to be measured */

static bool add_measure(struct checks *checks, struct ck_check_call *call, size_t match, const struct ck_measure *measure)
{
	struct ck_arena *arena = checks->exec->arena;

	if (!ck_arena_grow(arena, (void **)&checks->pending, checks->n_measures, &checks->pending_capacity, sizeof(*checks->pending)) ||
	    !ck_arena_grow(arena, (void **)&checks->measures, checks->n_measures, &checks->measures_capacity, sizeof(*checks->measures)))
		return false;
	checks->pending[checks->n_measures] = (struct pending){ call, match };
	checks->measures[checks->n_measures++] = *measure;
	return true;
}

static enum ck_dtype dtype_of(const struct ck_exec *exec, uint32_t input, uint64_t variable)
{
	const struct ck_manifest *manifest = input < exec->inputs->n ? exec->inputs->manifests[input] : NULL;

	if (input == CK_INPUT_TARGET)
		return (enum ck_dtype)exec->message->targets[variable]->dtype;
	return manifest && variable < manifest->n_variables ? manifest->variables[variable].dtype : CK_DT_NONE;
}

static bool add_variables(struct checks *checks, const struct ck_check *check, struct ck_check_call *call)
{
	for (size_t i = 0; i < call->bound->n_variables; i++) {
		struct ck_measure measure = { .n_sides = 1, .sides = { { .input = call->bound->input, .variable = call->bound->variables[i] } } };

		if (!looks_at(call, dtype_of(checks->exec, call->bound->input, call->bound->variables[i])))
			set_finite(check, call, i, 0, 0, 0);
		else if ((call->bound->input != CK_INPUT_TARGET || !set_from_statistics(checks->exec, check, call, i)) &&
			 !add_measure(checks, call, i, &measure))
			return false;
	}
	return true;
}

static double number_arg(const struct ck_check *check, const struct ck_check_call *call, size_t i)
{
	struct ck_env env = { .arena = check->arena, .params = check->params, .n_params = check->part->message->code->n_params };
	struct ck_value value;

	/* The binder has computed it before. */
	if (ck_expr_eval(call->expr->args[i], &env, &value) != CK_OK)
		return 0;
	return value.kind == CK_EXPR_INT ? (double)value.integer : value.number;
}

/* What random fills of a check are keyed by: the target that they are compared with. */
static struct ck_str target_of(const struct ck_exec *exec, const Ck__Plan__CheckValue *value)
{
	const Ck__Plan__Insn *insn = value->code[0];

	if (value->n_code == 1 && insn->op == CK_OP_LOAD && insn->input == CK_INPUT_TARGET)
		return ck_str_of(exec->message->targets[insn->variable]->label);
	return CK_STR("");
}

static bool add_values(struct checks *checks, const struct ck_check *check, struct ck_check_call *call)
{
	struct ck_measure measure = { .n_sides = call->function->n_params > 1 ? 2 : 1, .is_close = call->function->function == CK_FUNCTION_CLOSE };

	if (measure.is_close) {
		measure.atol = number_arg(check, call, ck_param_index(call->function->params, call->function->n_params, "atol"));
		measure.rtol = number_arg(check, call, ck_param_index(call->function->params, call->function->n_params, "rtol"));
	}
	for (size_t i = 0, at = 0; i < call->n && at < call->bound->n_values; i++) {
		if (!ck_check_is_measured(call, i))
			continue;
		for (size_t j = 0; j < measure.n_sides; j++)
			measure.sides[j] = (struct ck_measured){ .value = call->bound->values[at++] };
		measure.target = target_of(checks->exec, measure.sides[0].value);
		if (!add_measure(checks, call, i, &measure))
			return false;
	}
	return true;
}

/* Statistics of all targets that checks ask about, in one go. */
static enum ck_code take_statistics(struct checks *checks)
{
	struct ck_exec *exec = checks->exec;
	size_t *numbers = ck_arena_array(exec->arena, exec->message->n_targets + 1, sizeof(*numbers)), n = 0;

	if (!numbers)
		return ck_error_nomem(exec->diags);
	for (size_t i = 0; i < exec->message->n_targets; i++)
		if (exec->targets[i].wants_statistics)
			numbers[n++] = i;
	return ck_exec_statistics(exec, numbers, n);
}

static enum ck_code measure_all(struct checks *checks)
{
	enum ck_code code = take_statistics(checks);
	size_t at = 0;

	if (code != CK_OK)
		return code;
	for (size_t i = 0; i < checks->n; i++)
		for (size_t j = 0; j < checks->items[i].n_calls; j++) {
			struct ck_check *check = &checks->items[i];

			if (check->calls[j].function->phase == CK_PHASE_RUN &&
			    (!add_variables(checks, check, &check->calls[j]) || !add_values(checks, check, &check->calls[j])))
				return ck_error_nomem(checks->exec->diags);
		}
	code = ck_exec_measure(checks->exec, checks->measures, checks->n_measures);
	for (size_t i = 0; i < checks->n && code == CK_OK; i++)
		for (size_t j = 0; j < checks->items[i].n_calls; j++)
			for (; at < checks->n_measures && checks->pending[at].call == &checks->items[i].calls[j]; at++)
				set_measured(&checks->items[i], checks->pending[at].call, checks->pending[at].match, &checks->measures[at]);
	return code;
}

/* ---- the results */

static struct ck_span span_of(const struct ck_check *check)
{
	return ck_plan_check_span(check->part, check->number_in_part, SIZE_MAX);
}

/* The statement on one line. */
static struct ck_str statement_of(const struct ck_exec *exec, const struct ck_check *check)
{
	struct ck_str text = ck_diags_text(exec->diags, span_of(check)), copy;
	struct ck_buf line = { 0 };
	bool gap = false;

	if (!text.n)
		return ck_str_format(exec->arena, "check %zu", check->number + 1);
	for (size_t i = 0; i < text.n; i++) {
		bool space = text.p[i] == ' ' || text.p[i] == '\t' || text.p[i] == '\n' || text.p[i] == '\r';

		if (!space && gap && line.n)
			ck_buf_char(&line, ' ');
		if (!space)
			ck_buf_char(&line, text.p[i]);
		gap = space;
	}
	copy = ck_str_copy(exec->arena, ck_buf_view(&line));
	ck_buf_clear(&line);
	return copy;
}

/* People read them in the order in which they wrote them; a plan has an order of its own. */
static int compare_places(const void *a, const void *b)
{
	const struct ck_check *x = a, *y = b;
	struct ck_span at = span_of(x), other = span_of(y);

	if (at.file != other.file)
		return at.file < other.file ? -1 : 1;
	if (at.begin != other.begin)
		return at.begin < other.begin ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static enum ck_code tell_results(struct checks *checks)
{
	struct ck_exec *exec = checks->exec;
	struct ck_report *report = exec->report;

	report->checks = ck_arena_array(exec->arena, checks->n + 1, sizeof(*report->checks));
	if (!report->checks)
		return ck_error_nomem(exec->diags);
	report->n_checks = checks->n;
	if (checks->n)
		qsort(checks->items, checks->n, sizeof(*checks->items), compare_places);
	for (size_t i = 0; i < checks->n; i++) {
		struct ck_check *check = &checks->items[i];

		ck_check_decide(check);
		report->checks[i] = (struct ck_check_result){ .text = statement_of(exec, check), .holds = check->holds == CK_HOLDS_YES,
							      .detail = check->detail };
		if (report->checks[i].holds)
			continue;
		report->all_checks_hold = false;
		ck_error(exec->diags, CK_CHECK_FAILED, span_of(check), "%.*s",
			 CK_STR_ARG(check->detail.n ? check->detail : CK_STR("this check does not hold")));
	}
	if (ck_arena_failed(exec->arena))
		return ck_error_nomem(exec->diags);
	return report->all_checks_hold ? CK_OK : CK_CHECK_FAILED;
}

enum ck_code ck_exec_run_checks(struct ck_exec *exec)
{
	struct checks checks;
	enum ck_code code = open_checks(exec, &checks);

	if (code == CK_OK)
		code = measure_all(&checks);
	return code == CK_OK ? tell_results(&checks) : code;
}
