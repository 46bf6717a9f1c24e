/* The plan verifier: proves the rules of the bytecode that vm/plan.h lists, so that nothing which runs a plan need check them. */
#include "vm/verify.h"

#include "vm/series.h"

/* ---- messages */

static void buf_place(const struct ck_verifier *verifier, struct ck_buf *buf)
{
	if (verifier->path.n) {
		ck_buf_char(buf, '"');
		ck_buf_name(buf, verifier->path);
		ck_buf_str(buf, CK_STR("\" breaks a rule of the bytecode: "));
	} else {
		ck_buf_str(buf, CK_STR("the plan breaks a rule of the bytecode: "));
	}
	if (verifier->part)
		ck_buf_printf(buf, "%s %zu, ", verifier->part, verifier->number);
	if (verifier->insn != SIZE_MAX)
		ck_buf_printf(buf, "instruction %zu, ", verifier->insn);
}

bool ck_verify_fail(struct ck_verifier *verifier, const char *format, ...)
{
	struct ck_buf text = { 0 };
	struct ck_diag *diag;
	va_list args;

	buf_place(verifier, &text);
	va_start(args, format);
	ck_buf_vprintf(&text, format, args);
	va_end(args);
	diag = ck_error(verifier->diags, CK_BAD_PLAN, (struct ck_span){ 0 }, "%.*s", (int)text.n, text.p ? text.p : "");
	ck_diag_help(verifier->diags, diag, "compile the migration again; ckmig itself never writes such a plan");
	ck_buf_clear(&text);
	verifier->result = CK_BAD_PLAN;
	return false;
}

/* ---- one instruction */

/* What an operator's instruction has beside its arguments. */
struct form {
	size_t min_src, max_src;
	bool source, goals, where;
	bool type, needs_type;
};

static struct form form_of(const struct ck_op_info *op)
{
	struct form form = { .min_src = 1, .max_src = 1 };

	switch (op->op) {
	case CK_OP_SOURCE:
		return (struct form){ .source = true, .where = true };
	case CK_OP_UNMADE:
		return (struct form){ .source = true };
	case CK_OP_FILL:
		return (struct form){ .max_src = 1, .type = true };
	case CK_OP_JOIN:
		return (struct form){ .min_src = 1, .max_src = SIZE_MAX, .where = true };
	case CK_OP_TYPE:
		form.type = form.needs_type = true;
		return form;
	case CK_OP_STORE:
		form.goals = true;
		return form;
	default: /* DROP, and what users write: one value in, one out */
		return form;
	}
}

static bool verify_form(struct ck_verifier *verifier, const Ck__Plan__Insn *insn, const struct ck_op_info *op)
{
	struct form form = form_of(op);

	if (insn->n_src < form.min_src || insn->n_src > form.max_src)
		return ck_verify_fail(verifier, "%s reads %zu registers", op->name, insn->n_src);
	if (form.source != (insn->source != NULL))
		return ck_verify_fail(verifier, "%s %s a source", op->name, form.source ? "without" : "with");
	if (form.goals != (insn->n_goals > 0))
		return ck_verify_fail(verifier, "%s %s targets", op->name, form.goals ? "without" : "with");
	if ((insn->type && !form.type) || (!insn->type && form.needs_type))
		return ck_verify_fail(verifier, "%s %s a type", op->name, insn->type ? "with" : "without");
	if (insn->where && !form.where)
		return ck_verify_fail(verifier, "%s with a condition", op->name);
	return (!insn->input && !insn->variable) || ck_verify_fail(verifier, "%s names a variable", op->name);
}

static bool verify_goals(struct ck_verifier *verifier, const Ck__Plan__Insn *insn, size_t n_sources)
{
	for (size_t i = 0; i < insn->n_goals; i++) {
		const Ck__Plan__Goal *goal = insn->goals[i];

		if (goal->same == (goal->name != NULL))
			return ck_verify_fail(verifier, "a target %s", goal->same ? "with two names" : "without a name");
		if (goal->same && n_sources != 1)
			return ck_verify_fail(verifier, "`same` with %zu sources", n_sources);
		if (goal->name && !ck_verify_name(verifier, goal->name, 0))
			return false;
		if (goal->type && !ck_verify_type(verifier, goal->type, true))
			return false;
	}
	return true;
}

static bool verify_registers(struct ck_verifier *verifier, const Ck__Plan__Insn *insn)
{
	for (size_t i = 0; i < insn->n_src; i++)
		if (insn->src[i] >= verifier->n_registers || !verifier->defined[insn->src[i]])
			return ck_verify_fail(verifier, "register %u is not defined", insn->src[i]);
	if (insn->dst >= verifier->n_registers)
		return ck_verify_fail(verifier, "register %u of %zu", insn->dst, verifier->n_registers);
	if (verifier->defined[insn->dst])
		return ck_verify_fail(verifier, "register %u is defined twice", insn->dst);
	verifier->defined[insn->dst] = true;
	return true;
}

static bool verify_insn(struct ck_verifier *verifier, const Ck__Plan__Insn *insn, size_t n_sources)
{
	const struct ck_op_info *op = ck_op_info(insn->op);

	if (!op || op->state == CK_STATE_LATER || op->op == CK_OP_LOAD)
		return ck_verify_fail(verifier, "operator %u, which does not exist here", insn->op);
	if (!verify_form(verifier, insn, op) || !verify_registers(verifier, insn))
		return false;
	if (!ck_verify_args(verifier, insn->args, insn->n_args, op->params, op->n_params, CK_VERIFY_IN_ARGUMENT))
		return false;
	if (insn->where && !ck_verify_expr(verifier, insn->where, CK_VERIFY_IN_WHERE, 0))
		return false;
	if (insn->type && !ck_verify_type(verifier, insn->type, op->op == CK_OP_TYPE))
		return false;
	if (op->op == CK_OP_FILL && ck_fill_info(insn->args[0]->index)->rows_only)
		return ck_verify_fail(verifier, "the fill `%s` without old rows", ck_fill_info(insn->args[0]->index)->name);
	return verify_goals(verifier, insn, n_sources);
}

/* ---- the code of a rule or check */

static bool verify_locals(struct ck_verifier *verifier)
{
	for (size_t i = 0; i < verifier->n_locals; i++) {
		const Ck__Plan__Local *local = verifier->locals[i];

		if (local->kind < CK_LOCAL_TEXT || local->kind > CK_LOCAL_INDEX)
			return ck_verify_fail(verifier, "local %zu is of kind %u", i, local->kind);
		if (!local->name.len)
			return ck_verify_fail(verifier, "local %zu has no name", i);
		if ((local->kind == CK_LOCAL_CHOICE) != (local->n_alternatives > 0))
			return ck_verify_fail(verifier, "local %zu has %u alternatives", i, local->n_alternatives);
	}
	return true;
}

static void bind_type(struct ck_verifier *verifier, const Ck__Plan__Type *type)
{
	for (size_t i = 0; type && i < type->n_dims; i++)
		if (type->dims[i]->kind == CK_DIM_BIND && type->dims[i]->local < verifier->n_locals)
			verifier->captured[type->dims[i]->local] = true;
}

/* Finds what each instruction captures, before any use is looked at: the members of a tuple share their captures. */
static bool capture(struct ck_verifier *verifier, const Ck__Plan__Insn *insn)
{
	const struct ck_op_info *op = ck_op_info(insn->op);

	if (insn->source) {
		if (!ck_verify_source(verifier, insn->source))
			return false;
		ck_verify_capture(verifier, insn->source);
	}
	if (insn->op == CK_OP_TYPE)
		bind_type(verifier, insn->type);
	for (size_t i = 0; i < insn->n_goals; i++)
		bind_type(verifier, insn->goals[i]->type);
	for (size_t i = 0; op && i < op->n_params && i < insn->n_args; i++) {
		const Ck__Plan__Expr *arg = insn->args[i];

		if (op->params[i].kind != CK_PARAM_NAME || arg->kind != CK_EXPR_LOCAL || arg->index >= verifier->n_locals)
			continue;
		if (verifier->captured[arg->index])
			return ck_verify_fail(verifier, "local %u is introduced twice", arg->index);
		verifier->captured[arg->index] = true;
	}
	return true;
}

/* n_registers is bounded by the code, so that a frame is never larger than what stands in the plan. */
static bool open_frame(struct ck_verifier *verifier, Ck__Plan__Local *const *locals, size_t n_locals, uint32_t n_registers, size_t n_code)
{
	verifier->insn = SIZE_MAX;
	verifier->locals = locals;
	verifier->n_locals = n_locals;
	verifier->n_registers = n_registers;
	if (n_registers > n_code)
		return ck_verify_fail(verifier, "%u registers for %zu instructions", n_registers, n_code);
	verifier->captured = ck_arena_array(verifier->arena, n_locals + 1, sizeof(*verifier->captured));
	verifier->defined = ck_arena_array(verifier->arena, (size_t)n_registers + 1, sizeof(*verifier->defined));
	return verifier->captured && verifier->defined ? true : ck_verify_nomem(verifier);
}

static bool verify_code(struct ck_verifier *verifier, Ck__Plan__Insn *const *code, size_t n_code)
{
	size_t n_sources = 0;

	if (!verify_locals(verifier))
		return false;
	for (size_t i = 0; i < n_code; i++) {
		verifier->insn = i;
		n_sources += code[i]->source != NULL;
		if (!capture(verifier, code[i]))
			return false;
	}
	for (size_t i = 0; i < n_code; i++) {
		verifier->insn = i;
		if (!verify_insn(verifier, code[i], n_sources))
			return false;
	}
	return true;
}

/* Which instructions a rule of each kind may have before its last one. */
static bool may_stand(enum ck_rule_kind kind, uint32_t op)
{
	switch (kind) {
	case CK_RULE_MAP:
		return op != CK_OP_STORE && op != CK_OP_DROP && op != CK_OP_UNMADE;
	case CK_RULE_KEEP:
	case CK_RULE_DROP:
		return op == CK_OP_SOURCE;
	case CK_RULE_NEW:
		return op == CK_OP_UNMADE || op == CK_OP_FILL;
	}
	return false;
}

static bool verify_rule_shape(struct ck_verifier *verifier, const Ck__Plan__Rule *rule)
{
	uint32_t last = rule->kind == CK_RULE_DROP ? CK_OP_DROP : CK_OP_STORE;
	size_t n = rule->n_code;

	if (rule->kind < CK_RULE_MAP || rule->kind > CK_RULE_NEW)
		return ck_verify_fail(verifier, "a rule of kind %u", rule->kind);
	if (!n || rule->code[n - 1]->op != last)
		return ck_verify_fail(verifier, "the last instruction is not %s", ck_op_info(last)->name);
	for (size_t i = 0; i + 1 < n; i++)
		if (!may_stand((enum ck_rule_kind)rule->kind, rule->code[i]->op))
			return ck_verify_fail(verifier, "instruction %zu has operator %u, which has no place in such a rule", i, rule->code[i]->op);
	if (rule->kind == CK_RULE_KEEP && (rule->code[n - 1]->n_goals != 1 || !rule->code[n - 1]->goals[0]->same))
		return ck_verify_fail(verifier, "what is kept gets another name");
	return true;
}

static bool verify_rules(struct ck_verifier *verifier)
{
	verifier->part = "rule";
	for (size_t i = 0; i < verifier->code->n_rules; i++) {
		const Ck__Plan__Rule *rule = verifier->code->rules[i];

		verifier->number = i;
		if (!open_frame(verifier, rule->locals, rule->n_locals, rule->n_registers, rule->n_code) || !verify_rule_shape(verifier, rule) ||
		    !verify_code(verifier, rule->code, rule->n_code))
			return false;
	}
	return true;
}

static bool asks_values(const Ck__Plan__Expr *expr)
{
	if (expr->kind == CK_EXPR_CALL && ck_function_info(expr->index)->phase == CK_PHASE_RUN)
		return true;
	for (size_t i = 0; i < expr->n_args; i++)
		if (asks_values(expr->args[i]))
			return true;
	return false;
}

static bool verify_checks(struct ck_verifier *verifier)
{
	verifier->part = "check";
	verifier->in_check = true;
	for (size_t i = 0; i < verifier->code->n_checks; i++) {
		const Ck__Plan__Check *check = verifier->code->checks[i];

		verifier->number = i;
		if (!open_frame(verifier, check->locals, check->n_locals, check->n_registers, check->n_code))
			return false;
		for (size_t j = 0; j < check->n_code; j++)
			if (!may_stand(CK_RULE_MAP, check->code[j]->op))
				return ck_verify_fail(verifier, "instruction %zu has operator %u, which has no place in a check", j,
						      check->code[j]->op);
		if (!verify_code(verifier, check->code, check->n_code))
			return false;
		verifier->insn = SIZE_MAX;
		if (!ck_verify_expr(verifier, check->condition, CK_VERIFY_IN_CHECK, 0))
			return false;
		if (asks_values(check->condition) != check->after_run)
			return ck_verify_fail(verifier, "it %s tensor values", check->after_run ? "needs no" : "needs");
	}
	verifier->in_check = false;
	return true;
}

/* ---- the rest of Code, and Debug */

static bool unique(struct ck_verifier *verifier, struct ck_map *map, struct ck_str name, const char *what)
{
	size_t first;

	if (!name.n)
		return ck_verify_fail(verifier, "%s without a name", what);
	if (ck_map_get(map, name, &first))
		return ck_verify_fail(verifier, "two of one name: %s `%.*s`", what, CK_STR_ARG(ck_name_text(verifier->diags->arena, name)));
	return ck_map_put(map, name, 0) || ck_verify_nomem(verifier);
}

static bool verify_param(struct ck_verifier *verifier, const Ck__Plan__Param *param)
{
	const Ck__Plan__Expr *value = param->value;

	return (value && !value->n_args && (value->kind == CK_EXPR_INT || value->kind == CK_EXPR_FLOAT || value->kind == CK_EXPR_TEXT)) ||
	       ck_verify_fail(verifier, "a param that is neither a number nor text");
}

static bool verify_header(struct ck_verifier *verifier)
{
	const Ck__Plan__Code *code = verifier->code;
	struct ck_map names, paths;

	ck_map_init(&names, verifier->arena);
	ck_map_init(&paths, verifier->arena);
	if (code->target_kind > CK_TARGET_OBJECTS)
		return ck_verify_fail(verifier, "a target of kind %u", code->target_kind);
	if (code->slots_as > CK_KERAS3)
		return ck_verify_fail(verifier, "slots of convention %u", code->slots_as);
	for (size_t i = 0; i < code->n_inputs; i++)
		if (!unique(verifier, &names, ck_str_of(code->inputs[i]), "input"))
			return false;
	ck_map_init(&names, verifier->arena);
	for (size_t i = 0; i < code->n_params; i++)
		if (!unique(verifier, &names, ck_str_of(code->params[i]->name), "param") || !verify_param(verifier, code->params[i]))
			return false;
	for (size_t i = 0; i < code->n_slots; i++)
		if (!code->slots[i]->name.len)
			return ck_verify_fail(verifier, "a slot without a name");
	ck_map_init(&names, verifier->arena);
	for (size_t i = 0; i < code->n_files; i++)
		if (!unique(verifier, &names, ck_str_of(code->files[i]->name), "file") || code->files[i]->sha256.len != CK_SHA256)
			return verifier->result != CK_OK ? false : ck_verify_fail(verifier, "a file without a digest");
	for (size_t i = 0; i < code->n_aliases; i++)
		if (!unique(verifier, &paths, ck_str_of(code->aliases[i]->path), "alias") || !code->aliases[i]->target.len)
			return verifier->result != CK_OK ? false : ck_verify_fail(verifier, "an alias of nothing");
	return true;
}

static bool verify_span(struct ck_verifier *verifier, const Ck__Plan__Span *span)
{
	const Ck__Plan__Debug *debug = verifier->plan->debug;

	if (!span)
		return true;
	return (span->file < debug->n_files && span->begin <= span->end && span->end <= debug->files[span->file]->text.len) ||
	       ck_verify_fail(verifier, "a place outside the text");
}

static bool verify_spans(struct ck_verifier *verifier, const Ck__Plan__RuleSpans *spans, size_t n_code)
{
	if (spans->n_code && spans->n_code != n_code)
		return ck_verify_fail(verifier, "%zu places for %zu instructions", spans->n_code, n_code);
	for (size_t i = 0; i < spans->n_code; i++)
		if (!verify_span(verifier, spans->code[i]))
			return false;
	for (size_t i = 0; i < spans->n_goals; i++)
		if (!verify_span(verifier, spans->goals[i]))
			return false;
	return verify_span(verifier, spans->statement);
}

static bool verify_debug(struct ck_verifier *verifier)
{
	const Ck__Plan__Debug *debug = verifier->plan->debug;
	const Ck__Plan__Code *code = verifier->code;

	verifier->part = NULL;
	verifier->insn = SIZE_MAX;
	if (!debug)
		return true;
	if (debug->n_aliases && debug->n_aliases != code->n_aliases)
		return ck_verify_fail(verifier, "places for %zu aliases, there are %zu", debug->n_aliases, code->n_aliases);
	if (debug->slots && !verify_span(verifier, debug->slots))
		return false;
	for (size_t i = 0; i < debug->n_aliases; i++)
		if (!verify_span(verifier, debug->aliases[i]))
			return false;
	if ((debug->n_rules && debug->n_rules != code->n_rules) || (debug->n_checks && debug->n_checks != code->n_checks))
		return ck_verify_fail(verifier, "places for %zu rules and %zu checks, there are %zu and %zu", debug->n_rules, debug->n_checks,
				      code->n_rules, code->n_checks);
	for (size_t i = 0; i < debug->n_rules; i++)
		if (!verify_spans(verifier, debug->rules[i], code->rules[i]->n_code))
			return false;
	for (size_t i = 0; i < debug->n_checks; i++)
		if (!verify_spans(verifier, debug->checks[i], code->checks[i]->n_code))
			return false;
	for (size_t i = 0; i < debug->n_allows; i++)
		if (!verify_span(verifier, debug->allows[i]->span))
			return false;
	return true;
}

/* What Bound counts of the parts; of a plan that is no series, of its own code. */
static bool count(struct ck_verifier *verifier, Ck__Plan__Plan *const *parts, size_t n_parts)
{
	struct ck_map inputs;

	ck_map_init(&inputs, verifier->arena);
	for (size_t i = 0; i < n_parts; i++) {
		const Ck__Plan__Code *code = parts[i]->code;

		verifier->n_params += code->n_params;
		verifier->n_rules += code->n_rules;
		verifier->n_checks += code->n_checks;
		for (size_t j = 0; j < code->n_inputs; j++)
			if (!ck_map_put(&inputs, ck_str_of(code->inputs[j]), 0))
				return ck_verify_nomem(verifier);
	}
	verifier->n_inputs = inputs.n_items;
	verifier->checks = ck_arena_array(verifier->arena, verifier->n_checks + 1, sizeof(*verifier->checks));
	for (size_t i = 0, n = 0; verifier->checks && i < n_parts; i++)
		for (size_t j = 0; j < parts[i]->code->n_checks; j++)
			verifier->checks[n++] = parts[i]->code->checks[j];
	return verifier->checks ? true : ck_verify_nomem(verifier);
}

static bool verify_plan(struct ck_verifier *verifier)
{
	Ck__Plan__Plan *own = (Ck__Plan__Plan *)(uintptr_t)verifier->plan;

	if (verifier->plan->format != CK_PLAN_FORMAT)
		return ck_verify_fail(verifier, "format %u, this ckmig knows %d", verifier->plan->format, CK_PLAN_FORMAT);
	if (verifier->plan->n_parts)
		return ck_verify_fail(verifier, "a series in a series");
	if (!verifier->code)
		return ck_verify_fail(verifier, "there is no code");
	return verify_header(verifier) && verify_rules(verifier) && verify_checks(verifier) && verify_debug(verifier) &&
	       (!verifier->plan->bound || (count(verifier, &own, 1) && ck_verify_bound(verifier)));
}

/* Each part is a plan of its own, bound to what the part before makes when the series is bound. */
static bool verify_part(struct ck_verifier *verifier, size_t i)
{
	const Ck__Plan__Plan *plan = verifier->plan, *part = plan->parts[i];
	struct ck_verifier own = { .plan = part, .code = part->code, .diags = verifier->diags, .path = verifier->path, .arena = verifier->arena,
				   .insn = SIZE_MAX };
	bool good = verify_plan(&own);

	verifier->result = own.result;
	if (!good)
		return false;
	if ((part->bound != NULL) != (plan->bound != NULL))
		return ck_verify_fail(verifier, "part %zu is %sbound, and the series is %sbound", i, part->bound ? "" : "not ", plan->bound ? "" : "not ");
	for (size_t j = 0; i && part->bound && j < part->bound->n_inputs; j++)
		if (part->bound->inputs[j]->input == CK_INPUT_SOURCE && part->bound->inputs[j]->n_variables != plan->parts[i - 1]->bound->n_targets)
			return ck_verify_fail(verifier, "part %zu reads other variables than part %zu makes", i, i - 1);
	return true;
}

static bool verify_series(struct ck_verifier *verifier)
{
	const Ck__Plan__Plan *plan = verifier->plan;

	if (plan->format != CK_PLAN_FORMAT)
		return ck_verify_fail(verifier, "format %u, this ckmig knows %d", plan->format, CK_PLAN_FORMAT);
	if (plan->code || plan->debug || plan->n_parts < 2 || plan->n_parts > CK_MAX_PARTS)
		return ck_verify_fail(verifier, "a series of %zu parts%s", plan->n_parts, plan->code || plan->debug ? ", with code of its own" : "");
	for (size_t i = 0; i < plan->n_parts; i++)
		if (!verify_part(verifier, i))
			return false;
	return !plan->bound || (count(verifier, plan->parts, plan->n_parts) && ck_verify_bound(verifier));
}

enum ck_code ck_plan_verify_file(const struct ck_plan *plan, struct ck_str path, struct ck_diags *diags)
{
	struct ck_verifier verifier = { .plan = plan->message, .code = plan->message->code, .diags = diags, .path = path, .insn = SIZE_MAX };
	bool good;

	verifier.arena = ck_arena_new(CK_PLAN_LIMIT);
	if (!verifier.arena)
		return ck_error_nomem(diags);
	good = plan->message->n_parts ? verify_series(&verifier) : verify_plan(&verifier);
	if (!good && verifier.result == CK_OK)
		verifier.result = ck_error_nomem(diags);
	ck_arena_free(verifier.arena);
	return verifier.result;
}

enum ck_code ck_plan_verify(const struct ck_plan *plan, struct ck_diags *diags)
{
	return ck_plan_verify_file(plan, (struct ck_str){ 0 }, diags);
}
