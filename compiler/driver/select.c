#include "compiler/driver/select.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/names.h"

enum { MAX_PATHS = 1000 };	/* of one variable, looked at for path: */

/* The argument as the string literal of a migration: registered as a text, so that errors point into it. */
static bool make_string(struct ck_driver *driver, struct ck_str text, struct ck_ast_name *ret_name)
{
	uint32_t *offsets = ck_arena_array(driver->arena, text.n + 1, sizeof(*offsets));
	uint32_t file = ck_diags_add_file(&driver->diags, CK_STR("PATTERN"), text);
	if (!offsets || file == 0)
		return false;
	for (size_t i = 0; i <= text.n; i++)
		offsets[i] = (uint32_t)i;
	struct ck_span span = {file, 0, (uint32_t)text.n};
	*ret_name = (struct ck_ast_name){span, CK_AST_BY_NAME, {span, text, offsets}};
	return true;
}

static Ck__Plan__Expr *find_nothing(void *context, struct ck_str name, struct ck_span span)
{
	(void)context, (void)name, (void)span;
	return NULL;
}

static void offer_nothing(void *context, struct ck_suggest *suggest)
{
	(void)context, (void)suggest;
}

enum ck_code ck_selector_init(struct ck_driver *driver, struct ck_str text, struct ck_selector *ret)
{
	static const struct { struct ck_str prefix; enum ck_ast_by by; } prefixes[] = {
		{{"full:", 5}, CK_AST_BY_FULL}, {{"path:", 5}, CK_AST_BY_PATH},
	};
	struct ck_ast_name name;
	text = ck_name_read(driver->arena, text);
	if (!text.p)
		return ck_error_nomem(&driver->diags);
	struct ck_locals locals = {.arena = driver->arena};
	struct ck_scope scope = {NULL, find_nothing, offer_nothing};
	enum ck_ast_by by = CK_AST_BY_NAME;
	*ret = (struct ck_selector){.text = text};
	for (size_t i = 0; i < CK_COUNT(prefixes); i++) {
		if (!ck_str_starts(text, prefixes[i].prefix))
			continue;
		by = prefixes[i].by;
		text = ck_str_slice(text, prefixes[i].prefix.n, text.n);
		break;
	}
	if (text.n > CK_MAX_NAME || !make_string(driver, text, &name))
		return ck_error_nomem(&driver->diags);
	name.by = by;
	enum ck_code code = ck_pattern_parse(&locals, &scope, &name, true, &driver->diags, &ret->pattern);
	if (!code)
		code = ck_pattern_parse(&locals, &scope, &name, false, &driver->diags, &ret->pattern);
	size_t room = locals.n_items + 1;
	bool *used = ck_arena_array(driver->arena, room, sizeof(*used));
	ret->bindings = ck_arena_array(driver->arena, room, sizeof(*ret->bindings));
	ret->second = ck_arena_array(driver->arena, room, sizeof(*ret->second));
	if (!code && (!used || !ret->bindings || !ret->second))
		code = ck_error_nomem(&driver->diags);
	if (!code && ck_matcher_new(driver->arena, ret->pattern, locals.items, locals.n_items, used, &ret->matcher))
		code = ck_error_nomem(&driver->diags);
	return code;
}

static bool match_name(struct ck_selector *selector, struct ck_str name)
{
	return ck_matcher_name(selector->matcher, name, selector->bindings, selector->second) != CK_MATCH_NO;
}

static bool match_path(struct ck_driver *driver, struct ck_selector *selector, const struct ck_manifest *manifest,
		       const struct ck_variable *variable)
{
	struct ck_str *paths;
	size_t n = 0;
	bool more, found = false;
	struct ck_arena *scratch = ck_arena_new(CK_MANIFEST_LIMIT);
	if (scratch && manifest->graph && variable->node >= 0 &&
	    ck_graph_paths(manifest->graph, (uint32_t)variable->node, MAX_PATHS, scratch, &paths, &n, &more) == CK_OK) {
		for (size_t i = 0; i < n && !found; i++)
			found = match_name(selector, paths[i]);
	}
	driver->out.failed |= !scratch;
	ck_arena_free(scratch);
	return found;
}

bool ck_selector_match(struct ck_driver *driver, struct ck_selector *selector, const struct ck_manifest *manifest,
		       const struct ck_variable *variable)
{
	bool is_slot = variable->convention != CK_CONVENTION_NONE, found;
	if (selector->pattern->has_slot != is_slot)
		return false;
	if (selector->pattern->by == CK_BY_PATH)
		found = match_path(driver, selector, manifest, variable);
	else
		found = match_name(selector, selector->pattern->by == CK_BY_FULL ? variable->full_name : variable->name);
	if (found && is_slot) {
		struct ck_str whole = ck_str_format(driver->arena, "%.*s/%.*s", CK_STR_ARG(variable->optimizer), CK_STR_ARG(variable->slot));
		found = ck_matcher_slot(selector->matcher, variable->slot, selector->bindings, selector->second) != CK_MATCH_NO ||
			ck_matcher_slot(selector->matcher, whole, selector->bindings, selector->second) != CK_MATCH_NO;
	}
	selector->n_matched += found;
	return found;
}

static bool next_segment(struct ck_str *path, struct ck_str *ret_segment)
{
	if (!path->p)
		return false;
	size_t end = ck_str_find(*path, '/');
	*ret_segment = ck_str_slice(*path, 0, end);
	*path = end < path->n ? (struct ck_str){path->p + end + 1, path->n - end - 1} : (struct ck_str){NULL, 0};
	return true;
}

static bool is_plain(struct ck_str segment)
{
	for (size_t i = 0; i < segment.n; i++) {
		if (strchr("*?[]{}@,", segment.p[i]))
			return false;
	}
	return segment.n > 2;	/* shorter ones are near to anything */
}

/* Of a pattern: names the first segment of plain text that no name has, and those that are near. */
static void suggest_segment(struct ck_driver *driver, const struct ck_manifest *manifest, struct ck_str pattern, struct ck_diag *diag)
{
	struct ck_str wanted, segment;
	while (next_segment(&pattern, &wanted)) {
		struct ck_suggest suggest;
		bool found = !is_plain(wanted);
		ck_suggest_init(&suggest, wanted);
		for (size_t i = 0; i < manifest->n_variables && !found; i++) {
			struct ck_str name = manifest->variables[i].name;
			while (!found && next_segment(&name, &segment)) {
				found = ck_str_equal(segment, wanted);
				ck_suggest_offer(&suggest, segment);
			}
		}
		if (found)
			continue;
		ck_diag_note(&driver->diags, diag, "no name has the part \"%.*s\"", CK_STR_ARG(ck_name_text(driver->arena, wanted)));
		ck_suggest_help(&suggest, &driver->diags, diag, "\"");
		return;
	}
}

enum ck_code ck_no_variable(struct ck_driver *driver, const struct ck_manifest *manifest, struct ck_str text)
{
	struct ck_diags *diags = &driver->diags;
	struct ck_diag *diag = ck_error(diags, CK_NO_VARIABLE, (struct ck_span){0}, "no variable of \"%.*s\" matches \"%.*s\"",
					CK_STR_ARG(ck_name_text(driver->arena, manifest->path)), CK_STR_ARG(ck_name_text(driver->arena, text)));
	bool wants_slot = ck_str_find(text, '@') < text.n, by_full = ck_str_starts(text, CK_STR("full:"));
	struct ck_suggest suggest;
	ck_suggest_init(&suggest, by_full ? ck_str_slice(text, 5, text.n) : text);
	size_t n_slots = 0;
	for (size_t i = 0; i < manifest->n_variables; i++) {
		const struct ck_variable *variable = &manifest->variables[i];
		bool is_slot = variable->convention != CK_CONVENTION_NONE;
		n_slots += is_slot;
		if (variable->kind == CK_GRAPH || is_slot != wants_slot)
			continue;
		ck_suggest_offer(&suggest, by_full ? variable->full_name : ck_variable_label(manifest, variable, driver->arena));
	}
	ck_suggest_help(&suggest, diags, diag, "\"");
	size_t ignored;
	if (wants_slot && ck_map_get(&manifest->by_name, text, &ignored))
		ck_diag_help(diags, diag, "a variable is called so; in a pattern `@` is about slots: write `[@]` for the character");
	if (suggest.n_best == 0 && !by_full)
		suggest_segment(driver, manifest, text, diag);
	if (wants_slot && n_slots == 0)
		ck_diag_note(diags, diag, "the checkpoint has no optimizer slots");
	else
		ck_diag_help(diags, diag, "`ckmig ls%s %.*s` lists what there is", wants_slot ? " --slots" : "",
			     CK_STR_ARG(ck_name_text(driver->arena, manifest->path)));
	return CK_NO_VARIABLE;
}

/* qsort has no context. */
struct row {
	const struct ck_variable *variable;
	size_t number;
};

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = ck_str_compare(x->variable->name, y->variable->name);
	if (order == 0)
		order = (x->variable->convention != CK_CONVENTION_NONE) - (y->variable->convention != CK_CONVENTION_NONE);
	if (order == 0)
		order = ck_str_compare(x->variable->slot, y->variable->slot);
	if (order == 0)
		order = ck_str_compare(x->variable->key, y->variable->key);
	return order;
}

size_t *ck_sorted_variables(struct ck_driver *driver, const struct ck_manifest *manifest, size_t *ret_n)
{
	struct row *rows = ck_arena_array(driver->arena, manifest->n_variables, sizeof(*rows));
	size_t *numbers = ck_arena_array(driver->arena, manifest->n_variables, sizeof(*numbers)), n = 0;
	for (size_t i = 0; rows && numbers && i < manifest->n_variables; i++) {
		if (manifest->variables[i].kind != CK_GRAPH)
			rows[n++] = (struct row){&manifest->variables[i], i};
	}
	if (n > 1)
		qsort(rows, n, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < n; i++)
		numbers[i] = rows[i].number;
	*ret_n = n;
	return numbers;
}
