/*
 * A first migration from one checkpoint alone: everything is kept, and comments say what is there and what can be done with it. Each
 * line of the language in the comments fits the checkpoint when its # is taken off.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/scaffold/text.h"

enum { MAX_SCOPES = 6, MAX_ROWS = 24, MAX_PARTS = 24, MAX_TABLES = 4, TABLE_ROWS = 1000 };

/* Families below one number: "layer_{i}/...". */
struct scope {
	struct ck_str key;		/* masked name up to the end of the number's segment */
	const struct ck_item *first;
	size_t position;		/* of the number */
	size_t n_items, n_values;
	uint64_t low, high;
	size_t *families;
	size_t n_families, capacity;
	bool is_whole;			/* the number ends the names: a list of variables */
};

/* A top-level part of the names, without what is in scopes, and without counters. */
struct part {
	struct ck_str name;
	size_t n_items;
	const struct ck_item *first;
	uint64_t n_elems;
};

struct survey {
	struct ck_maker *maker;
	struct ck_side *side;
	struct ck_buf out;
	struct scope *scopes;
	size_t n_scopes, scopes_capacity;
	size_t *scope_of;		/* [n_families] SIZE_MAX: none */
	struct part *parts;
	size_t n_parts, parts_capacity;
};

/* ---- layers */

/* The first number that differs within a family; SIZE_MAX: none does. */
static size_t varying_position(const struct ck_family *family)
{
	for (size_t position = 0; family->n > 1 && position < family->items[0]->n_numbers; position++) {
		for (size_t i = 1; i < family->n; i++) {
			if (family->items[i]->numbers[position].value != family->items[0]->numbers[position].value)
				return position;
		}
	}
	return SIZE_MAX;
}

/* The name up to the end of the segment that a number is in, that number masked. */
static struct ck_str scope_key(struct ck_maker *maker, const struct ck_item *item, size_t position, bool *ret_whole)
{
	const struct ck_number *number = &item->numbers[position];
	size_t end = number->end + ck_str_find(ck_str_slice(item->name, number->end, item->name.n), '/');
	*ret_whole = end == item->name.n;
	return ck_str_format(maker->arena, "%.*s\x01%.*s", (int)number->begin, item->name.p, (int)(end - number->end),
			     item->name.p + number->end);
}

static void add_to_scope(struct survey *survey, struct scope *scope, size_t number)
{
	const struct ck_family *family = &survey->side->families[number];
	if (!ck_arena_grow(survey->maker->arena, (void **)&scope->families, scope->n_families, &scope->capacity, sizeof(*scope->families)))
		return;
	scope->families[scope->n_families++] = number;
	scope->n_items += family->n;
	for (size_t i = 0; i < family->n; i++) {
		uint64_t value = family->items[i]->numbers[scope->position].value;
		scope->low = value < scope->low ? value : scope->low;
		scope->high = value > scope->high ? value : scope->high;
	}
}

static void find_scopes(struct survey *survey)
{
	struct ck_maker *maker = survey->maker;
	struct ck_map numbers;
	ck_map_init(&numbers, maker->arena);
	survey->scope_of = ck_arena_array(maker->arena, survey->side->n_families + 1, sizeof(*survey->scope_of));
	for (size_t i = 0; i < survey->side->n_families && survey->scope_of; i++) {
		const struct ck_family *family = &survey->side->families[i];
		size_t position = family->n ? varying_position(family) : SIZE_MAX, at = survey->n_scopes;
		bool is_whole;
		survey->scope_of[i] = SIZE_MAX;
		if (position == SIZE_MAX)
			continue;
		struct ck_str key = scope_key(maker, family->items[0], position, &is_whole);
		if (!key.p)
			return;
		if (!ck_map_get(&numbers, key, &at)) {
			if (!ck_map_put(&numbers, key, at) ||
			    !ck_arena_grow(maker->arena, (void **)&survey->scopes, at, &survey->scopes_capacity, sizeof(*survey->scopes)))
				return;
			survey->scopes[survey->n_scopes++] = (struct scope){.key = key, .first = family->items[0], .position = position,
									     .low = UINT64_MAX, .is_whole = is_whole};
		}
		survey->scope_of[i] = at;
		add_to_scope(survey, &survey->scopes[at], i);
	}
}

/* The pattern of a scope with {i:int} (or :uniq) for its number. */
static struct ck_str scope_pattern(struct survey *survey, const struct scope *scope, const char *capture)
{
	struct ck_maker *maker = survey->maker;
	size_t mark = ck_str_find(scope->key, '\x01');
	struct ck_str before = ck_quote_pattern(maker, ck_str_slice(scope->key, 0, mark));
	struct ck_str after = ck_quote_pattern(maker, ck_str_slice(scope->key, mark + 1, scope->key.n));
	return ck_str_format(maker->arena, "%.*s%s%.*s", CK_STR_ARG(before), capture, CK_STR_ARG(after));
}

/* "f32[8,8]", or how many there are. */
static struct ck_str family_types(struct survey *survey, const struct ck_family *family)
{
	for (size_t i = 1; i < family->n; i++) {
		if (family->items[i]->type != family->items[0]->type)
			return CK_STR("several shapes");
	}
	return ck_type_text(survey->maker, family->items[0]->type);
}

static void put_row(struct survey *survey, struct ck_str name, struct ck_str tail)
{
	enum { NAME_COLUMNS = 60 };
	size_t begin = survey->out.n;
	ck_buf_str(&survey->out, CK_STR("#   "));
	ck_buf_str(&survey->out, name);
	size_t columns = survey->out.failed ? NAME_COLUMNS : ck_str_columns((struct ck_str){survey->out.p + begin, survey->out.n - begin});
	ck_buf_fill(&survey->out, ' ', columns < NAME_COLUMNS ? NAME_COLUMNS - columns : 2);
	ck_buf_str(&survey->out, tail);
	ck_buf_char(&survey->out, '\n');
}

static void put_line(struct survey *survey, struct ck_str text)
{
	ck_buf_printf(&survey->out, "# %.*s\n", CK_STR_ARG(text));
}

static void put_heading(struct survey *survey, struct ck_str text)
{
	ck_buf_str(&survey->out, CK_STR("\n"));
	ck_put_comment(&survey->out, text, false);
	ck_buf_str(&survey->out, CK_STR("#\n"));
}

/* A name for people. In the arena. */
static struct ck_str shown(struct survey *survey, struct ck_str name)
{
	struct ck_str text = ck_name_text(survey->maker->arena, name);
	survey->maker->failed |= !text.p;
	return text;
}

/* A family's name with {i} for the numbers that differ. */
static struct ck_str family_name(struct survey *survey, const struct ck_family *family)
{
	const struct ck_item *first = family->items[0];
	struct ck_buf buf = {0};
	size_t at = 0, n = 0;
	for (size_t i = 0; i < first->n_numbers; i++) {
		bool differs = false;
		for (size_t k = 1; k < family->n && !differs; k++)
			differs = family->items[k]->numbers[i].value != first->numbers[i].value;
		if (!differs)
			continue;
		ck_buf_name(&buf, ck_str_slice(first->name, at, first->numbers[i].begin));
		ck_buf_printf(&buf, "{%c}", (char)('i' + (n < 8 ? n : 8)));
		n++;
		at = first->numbers[i].end;
	}
	ck_buf_name(&buf, ck_str_slice(first->name, at, first->name.n));
	struct ck_str text = ck_str_copy(survey->maker->arena, ck_buf_view(&buf));
	survey->maker->failed |= buf.failed;
	ck_buf_clear(&buf);
	return text;
}

/* What can be done with layers: rename them all, keep every other. */
static void put_layer_lines(struct survey *survey, const struct scope *scope)
{
	struct ck_arena *arena = survey->maker->arena;
	bool is_uniq = scope->first->numbers[scope->position].is_uniq;
	struct ck_str pattern = scope_pattern(survey, scope, is_uniq ? "{i:uniq}" : "{i:int}");
	const char *below = scope->is_whole ? "" : "/**";
	ck_buf_str(&survey->out, CK_STR("#\n# To rename all of them:\n"));
	put_line(survey, ck_str_format(arena, "map \"%.*s%s\" -> \"layers/{i%s}%s\"", CK_STR_ARG(pattern), below, is_uniq ? "+0" : "",
				       below));
	/* Halving wants numbers from 0 as they stand in names. */
	if (is_uniq || scope->low != 0 || scope->high < 3)
		return;
	struct ck_str half = scope_pattern(survey, scope, "{i/2}");
	ck_buf_str(&survey->out, CK_STR("#\n# To keep every other one:\n"));
	put_line(survey, ck_str_format(arena, "map \"%.*s%s\" where i %% 2 == 0 -> \"%.*s%s\"", CK_STR_ARG(pattern), below,
				       CK_STR_ARG(half), below));
	put_line(survey, ck_str_format(arena, "drop \"%.*s%s\" where i %% 2 == 1 because \"half the depth\"", CK_STR_ARG(pattern), below));
}

static void put_scopes(struct survey *survey)
{
	struct ck_arena *arena = survey->maker->arena;
	for (size_t i = 0; i < survey->n_scopes && i < MAX_SCOPES; i++) {
		const struct scope *scope = &survey->scopes[i];
		put_heading(survey, ck_str_format(arena, "---- Numbered from %" PRIu64 " to %" PRIu64 ": %zu variables.", scope->low,
						  scope->high, scope->n_items));
		for (size_t k = 0; k < scope->n_families && k < MAX_ROWS; k++) {
			const struct ck_family *family = &survey->side->families[scope->families[k]];
			put_row(survey, family_name(survey, family), family_types(survey, family));
		}
		if (scope->n_families > MAX_ROWS)
			put_line(survey, ck_str_format(arena, "  and %zu more; `ckmig ls` lists all", scope->n_families - MAX_ROWS));
		put_layer_lines(survey, scope);
	}
	if (survey->n_scopes > MAX_SCOPES)
		put_heading(survey, ck_str_format(arena, "---- %zu more groups of numbered names; `ckmig ls` lists them.",
						  survey->n_scopes - MAX_SCOPES));
}

/* ---- what is not numbered: embeddings, heads */

/* The first segment; or the first two, where all variables begin alike. */
static struct ck_str part_name(struct ck_str name, size_t n_segments)
{
	size_t end = 0;
	for (size_t i = 0; i < n_segments && end < name.n; i++)
		end += (i ? 1 : 0) + ck_str_find(ck_str_slice(name, end + (i ? 1 : 0), name.n), '/');
	return ck_str_slice(name, 0, end);
}

static bool all_begin_alike(const struct ck_side *side)
{
	size_t n = 0;
	struct ck_str first = {0};
	for (size_t i = 0; i < side->n; i++) {
		if (side->items[i].role)
			continue;
		struct ck_str name = part_name(side->items[i].name, 1);
		if (n++ && !ck_str_equal(name, first))
			return false;
		first = name;
	}
	return n > 1 && first.n > 0;
}

static void find_parts(struct survey *survey)
{
	struct ck_map numbers;
	size_t n_segments = all_begin_alike(survey->side) ? 2 : 1;
	ck_map_init(&numbers, survey->maker->arena);
	for (size_t i = 0; i < survey->side->n; i++) {
		const struct ck_item *item = &survey->side->items[i];
		size_t at = survey->n_parts;
		if (survey->scope_of[item->family] != SIZE_MAX || item->role || item->variable->kind != CK_VARIABLE)
			continue;
		struct ck_str name = part_name(item->name, n_segments);
		if (!ck_map_get(&numbers, name, &at)) {
			if (!ck_map_put(&numbers, name, at) ||
			    !ck_arena_grow(survey->maker->arena, (void **)&survey->parts, at, &survey->parts_capacity,
					   sizeof(*survey->parts)))
				return;
			survey->parts[survey->n_parts++] = (struct part){.name = name, .first = item};
		}
		survey->parts[at].n_items++;
		survey->parts[at].n_elems += survey->maker->types[item->type].n_elems;
	}
}

/* What belongs to a part as a pattern: itself, or all below it. */
static struct ck_str part_pattern(struct survey *survey, const struct part *part)
{
	struct ck_str name = ck_quote_pattern(survey->maker, part->name);
	bool is_variable = ck_str_equal(part->first->name, part->name);
	return is_variable ? name : ck_str_format(survey->maker->arena, "%.*s/**", CK_STR_ARG(name));
}

static void put_parts(struct survey *survey)
{
	struct ck_arena *arena = survey->maker->arena;
	const struct part *last = survey->n_parts ? &survey->parts[survey->n_parts - 1] : NULL;
	if (!last)
		return;
	put_heading(survey, survey->n_scopes ? CK_STR("---- The rest is not numbered: embeddings, heads and the like.")
					     : CK_STR("---- Not numbered: embeddings, heads and the like."));
	for (size_t i = 0; i < survey->n_parts && i < MAX_PARTS; i++) {
		const struct part *part = &survey->parts[i];
		struct ck_str tail = part->n_items == 1 ? ck_type_text(survey->maker, part->first->type)
							: ck_str_format(arena, "%zu variables, %" PRIu64 " elements", part->n_items,
									part->n_elems);
		put_row(survey, part->n_items == 1 ? shown(survey, part->first->name) : part_pattern(survey, part), tail);
	}
	if (survey->n_parts > MAX_PARTS)
		put_line(survey, ck_str_format(arena, "  and %zu more; `ckmig ls` lists all", survey->n_parts - MAX_PARTS));
	struct ck_str pattern = last->n_items == 1 ? ck_quote_pattern(survey->maker, last->first->name) : part_pattern(survey, last);
	ck_buf_str(&survey->out, CK_STR("#\n# To drop one, such as a head that the new model has not; and to rename one:\n"));
	put_line(survey, ck_str_format(arena, "drop \"%.*s\" because \"the new model has another head\"", CK_STR_ARG(pattern)));
	if (last->n_items == 1)
		put_line(survey, ck_str_format(arena, "map \"%.*s\" -> \"head/kernel\"", CK_STR_ARG(pattern)));
	else
		put_line(survey, ck_str_format(arena, "map \"%.*s\" -> \"head/**\"", CK_STR_ARG(pattern)));
}

/* Tables of many rows mostly are vocabularies. */
static void put_tables(struct survey *survey)
{
	struct ck_arena *arena = survey->maker->arena;
	size_t n = 0;
	for (size_t i = 0; i < survey->side->n && n < MAX_TABLES; i++) {
		const struct ck_item *item = &survey->side->items[i];
		const struct ck_kind *kind = &survey->maker->types[item->type];
		bool is_float = ck_dtype_class(kind->dtype) == CK_CLASS_FLOAT && kind->kind == CK_VARIABLE;
		bool is_embedding = ck_item_has_word(survey->maker, item, "embed");
		bool is_table = is_float && kind->shape.rank == 2 && (kind->shape.dims[0] >= TABLE_ROWS || is_embedding);
		if (!is_table || survey->scope_of[item->family] != SIZE_MAX || kind->shape.dims[0] > (uint64_t)1 << 40)
			continue;
		if (n++ == 0)
			put_heading(survey, CK_STR("---- Tables that may have to grow, with the mean of the old rows in the new ones."));
		struct ck_str pattern = ck_quote_pattern(survey->maker, item->name);
		put_line(survey, ck_str_format(arena, "map \"%.*s\" | grow(axis=0, to=%" PRIu64 ", with=mean) -> same", CK_STR_ARG(pattern),
					       (kind->shape.dims[0] / 128 + 1) * 128));
	}
}

/* ---- optimizer */

/* Each slot name once, "m, v". */
static struct ck_str slot_names(struct survey *survey)
{
	struct ck_map seen;
	struct ck_buf names = {0};
	size_t at;
	ck_map_init(&seen, survey->maker->arena);
	for (size_t i = 0; i < survey->side->manifest->n_variables; i++) {
		const struct ck_variable *variable = &survey->side->manifest->variables[i];
		bool is_slot = variable->convention != CK_CONVENTION_NONE;
		if (!is_slot || ck_map_get(&seen, variable->slot, &at) || !ck_map_put(&seen, variable->slot, i))
			continue;
		ck_buf_str(&names, names.n ? CK_STR(", ") : CK_STR(""));
		ck_buf_name(&names, variable->slot);
	}
	struct ck_str text = ck_str_copy(survey->maker->arena, ck_buf_view(&names));
	survey->maker->failed |= names.failed;
	ck_buf_clear(&names);
	return text;
}

static void put_optimizer(struct survey *survey)
{
	struct ck_arena *arena = survey->maker->arena;
	const struct ck_manifest *manifest = survey->side->manifest;
	enum ck_convention convention = CK_CONVENTION_NONE;
	for (size_t i = 0; i < manifest->n_variables && convention == CK_CONVENTION_NONE; i++)
		convention = manifest->variables[i].convention;
	if (survey->side->n_slots == 0)
		return;
	struct ck_str names = slot_names(survey);
	put_heading(survey, ck_str_format(arena, "---- Optimizer slots: %zu, called %.*s, stored as %s does. They follow their variables; "
					  "`ckmig ls --slots` lists them.", survey->side->n_slots, CK_STR_ARG(names),
					  ck_convention_name(convention)));
	ck_buf_str(&survey->out, CK_STR("# To start training anew, without them:\n"));
	put_line(survey, CK_STR("slots drop because \"training starts anew\""));
}

static void put_counters(struct survey *survey)
{
	struct ck_arena *arena = survey->maker->arena;
	size_t n = 0;
	for (size_t i = 0; i < survey->side->n; i++) {
		const struct ck_item *item = &survey->side->items[i];
		const char *what = ck_role_name(item->role);
		if (!what)
			continue;
		if (n++ == 0)
			put_heading(survey, CK_STR("---- Counters and hyperparameters. They are variables: where the new program has another "
						   "name for one, map it; where it has none, drop it."));
		put_row(survey, shown(survey, item->name), ck_str(what));
	}
	for (size_t i = 0; i < survey->side->n && n; i++) {
		const struct ck_item *item = &survey->side->items[i];
		if (!item->role)
			continue;
		ck_buf_str(&survey->out, CK_STR("#\n"));
		put_line(survey, ck_str_format(arena, "drop \"%.*s\" because \"the new program stores none\"",
					       CK_STR_ARG(ck_quote_pattern(survey->maker, item->name))));
		return;
	}
}

static void put_attributes(struct survey *survey)
{
	size_t n = 0;
	for (size_t i = 0; i < survey->side->n; i++)
		n += survey->side->items[i].variable->kind == CK_ATTRIBUTE;
	if (n)
		put_heading(survey, ck_str_format(survey->maker->arena, "---- %zu values of tables, iterators and Python state. They move "
						  "only with their objects: rename the path of those.", n));
}

static void put_introduction(struct survey *survey, struct ck_str name)
{
	struct ck_maker *maker = survey->maker;
	struct ck_buf line = {0};
	ck_buf_str(&line, CK_STR("What \""));
	ck_buf_name(&line, ck_checkpoint_name(survey->side->manifest));
	ck_buf_printf(&line, "\" holds (%zu variable%s, and %zu slot%s), and what can be done with it. ", survey->side->n,
		      survey->side->n == 1 ? "" : "s", survey->side->n_slots, survey->side->n_slots == 1 ? "" : "s");
	ck_buf_str(&line, CK_STR("As it stands, everything is kept. Take the # off a line and change it: the order of statements does not matter, "
				 "and `keep rest` keeps whatever no other statement is about. To see what would happen: ckmig plan FILE SOURCE. "
				 "The language: man 5 ckmig"));
	ck_buf_str(&survey->out, CK_STR("ckmig 1\n\n"));
	ck_put_comment(&survey->out, ck_buf_view(&line), false);
	ck_buf_str(&survey->out, CK_STR("migration \""));
	ck_buf_name(&survey->out, name);
	ck_buf_str(&survey->out, survey->side->n ? CK_STR("\"\n\nkeep rest\n") : CK_STR("\"\n"));
	maker->failed |= line.failed;
	ck_buf_clear(&line);
}

void ck_scaffold_alone(struct ck_maker *maker, struct ck_scaffold *scaffold)
{
	struct survey survey = {.maker = maker, .side = &maker->sides[CK_FROM]};
	put_introduction(&survey, scaffold->migration);
	find_scopes(&survey);
	if (ck_arena_failed(maker->arena)) {
		ck_buf_clear(&survey.out);
		return;
	}
	find_parts(&survey);
	put_scopes(&survey);
	put_parts(&survey);
	put_tables(&survey);
	put_optimizer(&survey);
	put_counters(&survey);
	put_attributes(&survey);
	scaffold->text = ck_str_copy(maker->arena, ck_buf_view(&survey.out));
	maker->failed |= survey.out.failed;
	ck_buf_clear(&survey.out);
	struct ck_scaffold_statement *keep = ck_arena_alloc(maker->arena, sizeof(*keep));
	if (!keep || survey.side->n == 0)
		return;
	*keep = (struct ck_scaffold_statement){.kind = "keep", .certainty = CK_SURE,
					       .reason = CK_STR("what no other statement is about stays as it is"),
					       .text = CK_STR("keep rest")};
	keep->sources = keep->targets = ck_arena_array(maker->arena, survey.side->n, sizeof(*keep->sources));
	for (size_t i = 0; i < survey.side->n && keep->sources; i++)
		keep->sources[i] = survey.side->items[i].name;
	keep->n_sources = keep->n_targets = survey.side->n;
	scaffold->statements = keep;
	scaffold->n_statements = 1;
}
