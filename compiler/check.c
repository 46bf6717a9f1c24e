/* `check`: subjects become code, the condition an expression over their registers. */
#include "compiler/internal.h"

/* What a condition asks: nothing, names and types, or tensor values. */
struct asks {
	bool anything, values;
};

static void find_asks(const Ck__Plan__Expr *expr, struct asks *asks)
{
	if (expr->kind == CK_EXPR_CALL) {
		asks->anything = true;
		asks->values = asks->values || ck_function_info(expr->index)->phase == CK_PHASE_RUN;
	}
	for (size_t i = 0; i < expr->n_args; i++)
		find_asks(expr->args[i], asks);
}

static bool check_condition(struct ck_builder *builder, const struct ck_ast_stmt *stmt, const Ck__Plan__Expr *condition, struct asks *asks)
{
	struct ck_compiler *compiler = builder->compiler;
	struct ck_diag *diag;

	find_asks(condition, asks);
	if (!asks->anything) {
		diag = ck_error(compiler->diags, CK_BAD_CHECK, stmt->value->span, "this check asks nothing of any variable");
		ck_diag_help(compiler->diags, diag, "name some: check finite(\"**\"), check count(\"blocks/*/w\") == 12");
		return false;
	}
	return ck_check_truth(builder, stmt->value, CK_IN_CHECK);
}

void ck_lower_check(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	Ck__Plan__Check *check = ck_arena_alloc(compiler->arena, sizeof(*check));
	Ck__Plan__RuleSpans *spans;
	Ck__Plan__Expr *condition;
	struct ck_builder builder;
	struct asks asks = { 0 };

	ck_builder_init(&builder, compiler);
	builder.in_check = true;
	condition = check ? ck_lower_value(&builder, stmt->value, CK_IN_CHECK) : NULL;
	if (!condition || !check_condition(&builder, stmt, condition, &asks))
		return;
	spans = ck_builder_spans(&builder, stmt);
	if (!spans)
		return;
	ck__plan__check__init(check);
	check->locals = builder.locals.items;
	check->n_locals = builder.locals.n_items;
	check->n_registers = (uint32_t)builder.n_registers;
	check->code = builder.code;
	check->n_code = builder.n_code;
	check->condition = condition;
	check->after_run = asks.values;
	compiler->debug->checks[compiler->debug->n_checks++] = spans;
	compiler->code->checks[compiler->code->n_checks++] = check;
}
