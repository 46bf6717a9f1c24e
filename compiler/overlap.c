/*
 * What the text alone shows: a literal name inside another statement's pattern, and one literal target of two statements. The
 * binder finds the rest, when it knows the names.
 */
#include "compiler/internal.h"

/* One SOURCE of one rule. */
struct reader {
	size_t rule;
	const Ck__Plan__Source *source;
	bool narrowed;		/* by a where: what it leaves out may be another statement's */
	bool optional;		/* perhaps there is no such name */
	bool also;
	struct ck_span span;
	struct ck_str literal;	/* p is NULL for patterns with wildcards */
	struct ck_matcher *matcher;
};

struct readers {
	struct ck_compiler *compiler;
	struct reader *items;
	size_t n_items, capacity;
};

static struct ck_span rule_span(const struct ck_compiler *compiler, const Ck__Plan__Span *span)
{
	return (struct ck_span){ compiler->file->file, span->begin, span->end };
}

static bool add_reader(struct readers *readers, size_t i, size_t insn_at)
{
	struct ck_compiler *compiler = readers->compiler;
	const Ck__Plan__Rule *rule = compiler->code->rules[i];
	const Ck__Plan__Insn *insn = rule->code[insn_at];
	bool *used = ck_arena_array(compiler->arena, rule->n_locals + 1, sizeof(*used));
	struct reader *reader;
	bool narrowed = insn->where != NULL;

	for (size_t j = 0; j < rule->n_code; j++)
		narrowed = narrowed || rule->code[j]->where;
	if (!used || !ck_arena_grow(compiler->arena, (void **)&readers->items, readers->n_items, &readers->capacity, sizeof(*readers->items)))
		return false;
	reader = &readers->items[readers->n_items++];
	*reader = (struct reader){ .rule = i, .source = insn->source, .narrowed = narrowed, .also = rule->also, .optional = rule->optional,
				   .span = rule_span(compiler, compiler->debug->rules[i]->code[insn_at]) };
	if (!insn->source->pattern || insn->source->pattern->by != CK_BY_NAME || insn->source->rest || insn->source->pattern->has_slot)
		return true;
	reader->literal = ck_pattern_literal(insn->source->pattern, compiler->arena);
	return ck_matcher_new(compiler->arena, insn->source->pattern, rule->locals, rule->n_locals, used, &reader->matcher) == CK_OK;
}

static void overlap(struct ck_compiler *compiler, const struct reader *literal, const struct reader *other)
{
	struct ck_str name = ck_name_text(compiler->arena, literal->literal);
	struct ck_diag *diag = ck_error(compiler->diags, CK_OVERLAP, literal->span, "two statements match \"%.*s\"", CK_STR_ARG(name));

	ck_diag_mark(compiler->diags, diag, "this one by its name");
	ck_diag_label(compiler->diags, diag, other->span, "and this one");
	ck_diag_help(compiler->diags, diag,
		     "to leave the rest to the wider one write `rest:` before its pattern; to read a variable twice write `map also`");
}

static void find_source_overlaps(struct readers *readers)
{
	for (size_t i = 0; i < readers->n_items; i++) {
		const struct reader *literal = &readers->items[i];

		if (!literal->literal.p || literal->narrowed || literal->optional)
			continue;
		for (size_t j = 0; j < readers->n_items; j++) {
			const struct reader *other = &readers->items[j];

			if (other->rule == literal->rule || !other->matcher || other->narrowed || other->also || literal->also ||
			    other->source->input != literal->source->input || (other->literal.p && j < i))
				continue;
			struct ck_binding *none = ck_arena_array(readers->compiler->arena,
								 2 * readers->compiler->code->rules[other->rule]->n_locals + 2, sizeof(*none));
			if (none && ck_matcher_name(other->matcher, literal->literal, none,
						    none + readers->compiler->code->rules[other->rule]->n_locals + 1) != CK_MATCH_NO)
				overlap(readers->compiler, literal, other);
		}
	}
}

static bool is_lone_rest(const struct reader *reader)
{
	return reader->source->rest && !reader->source->pattern && !reader->also;
}

/* Two statements may share what is left where `where` divides it. */
static void find_two_rests(struct readers *readers)
{
	struct ck_diags *diags = readers->compiler->diags;

	for (size_t i = 1; i < readers->n_items; i++) {
		const struct reader *second = &readers->items[i];

		for (size_t j = 0; is_lone_rest(second) && j < i; j++) {
			const struct reader *first = &readers->items[j];
			struct ck_diag *diag;

			if (!is_lone_rest(first) || first->source->input != second->source->input || first->rule == second->rule ||
			    (first->narrowed && second->narrowed))
				continue;
			diag = ck_error(diags, CK_OVERLAP, second->span, "two statements take what is left");
			ck_diag_mark(diags, diag, "this one");
			ck_diag_label(diags, diag, first->span, "and this one");
			ck_diag_help(diags, diag, "`rest` stands once, or is divided by `where` in both; to name a part of it write rest:\"pattern\"");
			return;
		}
	}
}

/* Does a rule make its targets whenever it is run? Else another rule may make them instead. */
static bool is_unconditional(const Ck__Plan__Rule *rule)
{
	bool narrowed = rule->optional;

	for (size_t i = 0; i < rule->n_code; i++)
		narrowed = narrowed || rule->code[i]->where;
	return !narrowed;
}

/* The name that a goal makes whatever is captured, p NULL when it depends. */
static struct ck_str literal_goal(struct ck_compiler *compiler, const Ck__Plan__Goal *goal)
{
	struct ck_buf text = { 0 };
	struct ck_str result;

	if (goal->same || goal->name->by != CK_BY_NAME)
		return (struct ck_str){ 0 };
	for (int slot = 0; slot < 2; slot++) {
		Ck__Plan__Part *const *parts = slot ? goal->name->slot : goal->name->parts;
		size_t n = slot ? goal->name->n_slot : goal->name->n_parts;

		if (slot && goal->name->has_slot)
			ck_buf_char(&text, '@');
		for (size_t i = 0; i < n; i++) {
			if (parts[i]->kind != CK_PART_LITERAL) {
				ck_buf_clear(&text);
				return (struct ck_str){ 0 };
			}
			ck_buf_str(&text, ck_str_of(parts[i]->text));
		}
	}
	result = ck_str_copy(compiler->arena, ck_buf_view(&text));
	ck_buf_clear(&text);
	return result;
}

static void two_producers(struct ck_compiler *compiler, struct ck_str name, struct ck_span first, struct ck_span second)
{
	struct ck_diag *diag = ck_error(compiler->diags, CK_TWO_PRODUCERS, second, "\"%.*s\" is produced twice",
					CK_STR_ARG(ck_name_text(compiler->arena, name)));

	ck_diag_mark(compiler->diags, diag, "again here");
	ck_diag_label(compiler->diags, diag, first, "first here");
	ck_diag_help(compiler->diags, diag, "every target is produced exactly once: give one of them another name, or join the sources");
}

static void find_target_overlaps(struct ck_compiler *compiler)
{
	size_t capacity = 0, n = 0, before;
	struct ck_span *spans = NULL;
	struct ck_map seen;

	ck_map_init(&seen, compiler->arena);
	for (size_t i = 0; i < compiler->code->n_rules; i++) {
		const Ck__Plan__Rule *rule = compiler->code->rules[i];
		const Ck__Plan__Insn *last = rule->code[rule->n_code - 1];

		for (size_t j = 0; last->op == CK_OP_STORE && is_unconditional(rule) && j < last->n_goals; j++) {
			struct ck_str name = literal_goal(compiler, last->goals[j]);
			const Ck__Plan__RuleSpans *debug = compiler->debug->rules[i];
			struct ck_span span = rule_span(compiler, j < debug->n_goals ? debug->goals[j] : debug->statement);

			if (!name.p)
				continue;
			if (ck_map_get(&seen, name, &before) && before < n) {
				two_producers(compiler, name, spans[before], span);
				continue;
			}
			if (!ck_arena_grow(compiler->arena, (void **)&spans, n, &capacity, sizeof(*spans)))
				return;
			spans[n] = span;
			if (!ck_map_put(&seen, name, n++))
				return;
		}
	}
}

void ck_find_overlaps(struct ck_compiler *compiler)
{
	struct readers readers = { .compiler = compiler };

	for (size_t i = 0; i < compiler->code->n_rules; i++)
		for (size_t j = 0; j < compiler->code->rules[i]->n_code; j++)
			if (compiler->code->rules[i]->code[j]->op == CK_OP_SOURCE && !add_reader(&readers, i, j))
				return;
	find_source_overlaps(&readers);
	find_two_rests(&readers);
	find_target_overlaps(compiler);
}
