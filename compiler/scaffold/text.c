/* Drafts become statements: their text, and the comment that says how sure they are and why. */
#include "compiler/scaffold/text.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 100 };

static struct ck_str take_buf(struct ck_maker *maker, struct ck_buf *buf)
{
	struct ck_str text = ck_str_copy(maker->arena, ck_buf_view(buf));
	maker->failed |= buf->failed;
	ck_buf_clear(buf);
	return text;
}

/* ---- the statement */

static void put_names(struct ck_buf *buf, const struct ck_str *names, size_t n, bool broken, size_t indent)
{
	if (n > 1)
		ck_buf_char(buf, '(');
	for (size_t i = 0; i < n; i++) {
		if (i)
			ck_buf_char(buf, ',');
		if (i && broken) {
			ck_buf_char(buf, '\n');
			ck_buf_fill(buf, ' ', indent + 1);
		} else if (i) {
			ck_buf_char(buf, ' ');
		}
		ck_buf_char(buf, '"');
		ck_buf_str(buf, names[i]);
		ck_buf_char(buf, '"');
	}
	if (n > 1)
		ck_buf_char(buf, ')');
}

/* The longest part of a broken statement that is on a line of its own decides whether its tuples are broken too. */
static void put_statement(struct ck_buf *buf, const struct ck_draft *draft, bool broken)
{
	const struct ck_move *move = draft->moves[0];
	const char *gap = broken ? "\n  " : " ";
	ck_buf_printf(buf, "%s ", move->kind);
	if (draft->is_rest && draft->n_sources && draft->terms[0].n == 0)
		ck_buf_str(buf, CK_STR("rest"));
	else if (draft->is_rest)
		ck_buf_str(buf, CK_STR("rest:"));
	if (!draft->is_rest || draft->terms[0].n)
		put_names(buf, draft->terms, draft->n_sources, broken, strlen(move->kind) + 1);
	if (draft->where.n)
		ck_buf_printf(buf, "%swhere %.*s", gap, CK_STR_ARG(draft->where));
	if (draft->change.n)
		ck_buf_printf(buf, "%s| %.*s", gap, CK_STR_ARG(draft->change));
	if (draft->n_targets) {
		if (draft->n_sources)
			ck_buf_printf(buf, "%s-> ", gap);
		put_names(buf, draft->terms + draft->n_sources, draft->n_targets, broken, draft->n_sources ? 5 : strlen(move->kind) + 1);
	}
	if (move->tail.n)
		ck_buf_printf(buf, "%s%.*s", gap, CK_STR_ARG(move->tail));
}

struct ck_str ck_draft_text(struct ck_maker *maker, const struct ck_draft *draft)
{
	struct ck_buf buf = {0};
	put_statement(&buf, draft, false);
	if (ck_str_columns(ck_buf_view(&buf)) > MAX_COLUMNS) {
		buf.n = 0;
		put_statement(&buf, draft, true);
	}
	return take_buf(maker, &buf);
}

/* ---- the reason */

static const struct ck_item *first_item(const struct ck_move *move, bool of_sources)
{
	size_t n = of_sources ? move->n_sources : move->n_targets;
	return n ? (of_sources ? move->sources : move->targets)[0].item : NULL;
}

/* "f32[8,8]", or "several shapes"; empty when there is none on that side. */
static struct ck_str types_of(struct ck_maker *maker, const struct ck_draft *draft, bool of_sources)
{
	const struct ck_item *first = first_item(draft->moves[0], of_sources);
	bool is_slot = first && (of_sources ? draft->moves[0]->sources : draft->moves[0]->targets)[0].suffix[0];
	for (size_t i = 0; i < draft->n_moves && first; i++) {
		const struct ck_move *move = draft->moves[i];
		const struct ck_term *terms = of_sources ? move->sources : move->targets;
		for (size_t k = 0; k < (of_sources ? move->n_sources : move->n_targets); k++) {
			if (terms[k].item->type != first->type)
				return CK_STR("several shapes");
		}
	}
	return first && !is_slot ? ck_type_text(maker, first->type) : CK_STR("");
}

static void put_why(struct ck_maker *maker, struct ck_buf *buf, const struct ck_draft *draft)
{
	const struct ck_move *move = draft->moves[0];
	struct ck_str words;
	if (draft->is_collapsed && move->certainty != CK_OPEN) {
		ck_buf_str(buf, CK_STR("only what stands before differs"));
		return;
	}
	switch (move->why) {
	case CK_WHY_NAME:
		ck_buf_str(buf, CK_STR("the same name"));
		return;
	case CK_WHY_FULL_NAME:
		ck_buf_str(buf, CK_STR("the same full name"));
		return;
	case CK_WHY_OPEN:
	case CK_WHY_OTHER:
		ck_buf_str(buf, move->reason);
		return;
	case CK_WHY_WORDS:
		words = ck_words_shared(maker, move->sources[0].item, move->targets[0].item);
		if (words.n)
			ck_buf_printf(buf, "both names have %.*s", CK_STR_ARG(words));
		else
			ck_buf_str(buf, CK_STR("alike in shape and place, though not in name"));
		return;
	}
}

static void put_reason(struct ck_maker *maker, struct ck_buf *buf, const struct ck_draft *draft)
{
	const struct ck_move *move = draft->moves[0];
	struct ck_str from = types_of(maker, draft, true), to = types_of(maker, draft, false);
	put_why(maker, buf, draft);
	if (move->change && move->change->why.n)
		ck_buf_printf(buf, "; %.*s", CK_STR_ARG(move->change->why));
	if (from.n || to.n) {
		ck_buf_str(buf, CK_STR("; "));
		ck_buf_str(buf, from.n ? from : to);
		if (from.n && to.n && !ck_str_equal(from, to))
			ck_buf_printf(buf, " -> %.*s", CK_STR_ARG(to));
	}
	if (draft->n_moves > 1)
		ck_buf_printf(buf, ", %zu variables", draft->n_moves);
}

/* ---- all of it */

static size_t count_terms(const struct ck_draft *draft, bool of_sources)
{
	size_t n = 0;
	for (size_t i = 0; i < draft->n_moves; i++)
		n += of_sources ? draft->moves[i]->n_sources : draft->moves[i]->n_targets;
	return n;
}

/* Names of what is there: of an open statement only the side that is left. */
static struct ck_str *names_of(struct ck_maker *maker, const struct ck_draft *draft, bool of_sources, size_t *ret_n)
{
	struct ck_str *names = ck_arena_array(maker->arena, count_terms(draft, of_sources) + 1, sizeof(*names));
	*ret_n = 0;
	for (size_t i = 0; i < draft->n_moves && names; i++) {
		const struct ck_move *move = draft->moves[i];
		const struct ck_term *terms = of_sources ? move->sources : move->targets;
		for (size_t k = 0; k < (of_sources ? move->n_sources : move->n_targets); k++) {
			struct ck_str name = terms[k].item->name;
			if (terms[k].suffix[0])
				name = ck_str_format(maker->arena, "%.*s%s", CK_STR_ARG(name), terms[k].suffix);
			if (terms[k].prefix[0] == '\0')
				names[(*ret_n)++] = name;
		}
	}
	return names;
}

/* What can be done with a variable in any case: it is dropped, or taken from the template. Variables of one name: both. */
static void add_other_ways(struct ck_maker *maker, const struct ck_draft *draft, struct ck_scaffold_statement *statement)
{
	const struct ck_move *move = draft->moves[0];
	struct ck_str pattern = draft->terms[0];
	bool of_source = move->sources[0].prefix[0] == '\0', is_slot = move->sources[0].suffix[0] != '\0';
	bool of_both = move->sources[0].item != move->targets[0].item && !is_slot;
	if (!of_source)
		pattern = ck_str_slice(pattern, strlen(maker->marker_slash), pattern.n);
	if (of_source)
		statement->hints[statement->n_hints++] = ck_str_format(maker->arena, "drop \"%.*s\"%s%.*s because \"...\"",
								       CK_STR_ARG(pattern),
								      draft->where.n ? " where " : "", CK_STR_ARG(draft->where));
	if (!of_source || of_both)
		statement->hints[statement->n_hints++] = ck_str_format(maker->arena, "new \"%.*s\" = template", CK_STR_ARG(pattern));
}

/* Of a doubt: the statement as it would be in one reading or the other. */
static struct ck_str reading(struct ck_maker *maker, const struct ck_draft *draft, struct ck_str change)
{
	struct ck_draft copy = *draft;
	size_t n = draft->n_sources + draft->n_targets;
	copy.terms = ck_arena_array(maker->arena, n, sizeof(*copy.terms));
	copy.change = change;
	for (size_t i = 0; i < n && copy.terms; i++)
		copy.terms[i] = ck_str_slice(draft->terms[i], i < draft->n_sources ? 0 : strlen(maker->marker_slash), draft->terms[i].n);
	return copy.terms ? ck_draft_text(maker, &copy) : CK_STR("");
}

static void add_hints(struct ck_maker *maker, const struct ck_draft *draft, struct ck_scaffold_statement *statement)
{
	const struct ck_hints *hints = &maker->hints[draft->moves[0]->hints];
	statement->hints = ck_arena_array(maker->arena, hints->n + 3, sizeof(*statement->hints));
	if (!statement->hints)
		return;
	const struct ck_move *move = draft->moves[0];
	if (move->is_doubt)
		statement->hints[statement->n_hints++] = reading(maker, draft, draft->change);
	if (move->other.n)
		statement->hints[statement->n_hints++] = reading(maker, draft, move->other);
	if (move->is_doubt && move->other.n)
		return;
	for (size_t i = 0; i < hints->n; i++)
		statement->hints[statement->n_hints++] = hints->items[i];
	add_other_ways(maker, draft, statement);
}

struct ck_scaffold_statement ck_draft_finish(struct ck_maker *maker, const struct ck_draft *draft)
{
	const struct ck_move *move = draft->moves[0];
	struct ck_scaffold_statement statement = {.kind = move->kind, .certainty = move->certainty};
	struct ck_buf reason = {0};
	for (size_t i = 0; i < draft->n_moves; i++)
		statement.certainty = draft->moves[i]->certainty > statement.certainty ? draft->moves[i]->certainty : statement.certainty;
	/* Three variables and more that agree in what stands behind a prefix did so by no accident. */
	if (draft->is_collapsed && !draft->is_rest && statement.certainty == CK_LIKELY)
		statement.certainty = CK_SURE;
	put_reason(maker, &reason, draft);
	statement.reason = take_buf(maker, &reason);
	statement.text = move->fixed.p ? move->fixed : ck_draft_text(maker, draft);
	statement.sources = names_of(maker, draft, true, &statement.n_sources);
	statement.targets = names_of(maker, draft, false, &statement.n_targets);
	if (statement.certainty == CK_OPEN)
		add_hints(maker, draft, &statement);
	return statement;
}

void ck_put_comment(struct ck_buf *out, struct ck_str text, bool indented)
{
	size_t column = 0;
	for (size_t begin = 0; begin < text.n || begin == 0;) {
		size_t end = begin + ck_str_find(ck_str_slice(text, begin, text.n), ' ');
		struct ck_str word = ck_str_slice(text, begin, end);
		size_t columns = ck_str_columns(word);
		if (column == 0) {
			ck_buf_str(out, CK_STR("#"));
			column = 1;
		} else if (column + 1 + columns > MAX_COLUMNS) {
			ck_buf_str(out, indented ? CK_STR("\n#  ") : CK_STR("\n#"));
			column = indented ? 3 : 1;
		}
		ck_buf_char(out, ' ');
		ck_buf_str(out, word);
		column += 1 + columns;
		begin = end + 1;
	}
	ck_buf_char(out, '\n');
}

static void put_hint(struct ck_buf *out, struct ck_str text)
{
	while (text.n) {
		size_t end = ck_str_find(text, '\n');
		ck_buf_printf(out, "#   %.*s\n", (int)end, text.p);
		text = ck_str_slice(text, end + 1, text.n);
	}
}

void ck_put_statement(struct ck_buf *out, const struct ck_scaffold_statement *statement)
{
	struct ck_buf line = {0};
	ck_buf_printf(&line, "%s: %.*s", ck_certainty_name(statement->certainty), CK_STR_ARG(statement->reason));
	ck_put_comment(out, ck_buf_view(&line), true);
	out->failed |= line.failed;
	ck_buf_clear(&line);
	for (size_t i = 0; i < statement->n_hints; i++)
		put_hint(out, statement->hints[i]);
	ck_buf_printf(out, "%.*s\n\n", CK_STR_ARG(statement->text));
}
