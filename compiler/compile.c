/* From a syntax tree to a portable plan: the statements in turn, then the plan put in its canonical order and sealed. */
#include "compiler/internal.h"

#include <stdlib.h>

/* The last statement of each kind that may stand once. */
struct once {
	const struct ck_ast_stmt *migration, *target, *slots;
};

static bool first_of(struct ck_compiler *compiler, const struct ck_ast_stmt **seen, const struct ck_ast_stmt *stmt, const char *what)
{
	struct ck_diag *diag;

	if (!*seen) {
		*seen = stmt;
		return true;
	}
	diag = ck_error(compiler->diags, CK_TWICE, stmt->span, "`%s` stands twice", what);
	ck_diag_mark(compiler->diags, diag, "again here");
	ck_diag_label(compiler->diags, diag, (*seen)->span, "first here");
	ck_diag_help(compiler->diags, diag, "a file has at most one; delete one of them");
	return false;
}

static void lower_migration(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	compiler->code->id = ck_bytes(stmt->string.text);
	compiler->code->summary = ck_bytes(stmt->summary.text);
	compiler->code->after = ck_arena_array(compiler->arena, stmt->n_afters + 1, sizeof(*compiler->code->after));
	compiler->debug->after = ck_arena_array(compiler->arena, stmt->n_afters + 1, sizeof(*compiler->debug->after));
	for (size_t i = 0; compiler->code->after && compiler->debug->after && i < stmt->n_afters; i++) {
		compiler->code->after[compiler->code->n_after++] = ck_bytes(stmt->afters[i].text);
		compiler->debug->after[compiler->debug->n_after++] = ck_span_message(compiler, stmt->afters[i].span);
	}
}

/* `slots follow as WORD`: the name of a convention. */
static void lower_convention(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	struct ck_suggest suggest;
	struct ck_diag *diag;

	if (!stmt->name.text.n)
		return;
	for (enum ck_convention i = CK_TF1; i <= CK_KERAS3; i++)
		if (ck_str_equal(stmt->name.text, ck_str(ck_convention_name(i))))
			compiler->code->slots_as = i;
	if (compiler->code->slots_as)
		return;
	diag = ck_error(compiler->diags, CK_BAD_ARGUMENT, stmt->name.span, "no optimizer convention is called `%.*s`",
			CK_STR_ARG(stmt->name.text));
	ck_suggest_init(&suggest, stmt->name.text);
	for (enum ck_convention i = CK_TF1; i <= CK_KERAS3; i++)
		ck_suggest_offer(&suggest, ck_str(ck_convention_name(i)));
	ck_suggest_help(&suggest, compiler->diags, diag, "`");
	ck_diag_help(compiler->diags, diag, "there are tf1, tf2, keras2 and keras3");
}

static void lower_slot(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	Ck__Plan__SlotDecl *decl = ck_arena_alloc(compiler->arena, sizeof(*decl));
	struct ck_str before, after;

	if (!decl || ck_slot_pattern_parse(compiler->arena, &stmt->string, compiler->diags, &before, &after) != CK_OK)
		return;
	ck__plan__slot_decl__init(decl);
	decl->name = ck_bytes(stmt->name.text);
	decl->before = ck_bytes(before);
	decl->after = ck_bytes(after);
	compiler->code->slots[compiler->code->n_slots++] = decl;
}

static void lower_alias(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt)
{
	Ck__Plan__Alias *alias = ck_arena_alloc(compiler->arena, sizeof(*alias));
	struct ck_str path, target;

	if (!alias || ck_name_parse(compiler->arena, &stmt->string, compiler->diags, &path) != CK_OK ||
	    ck_name_parse(compiler->arena, &stmt->string2, compiler->diags, &target) != CK_OK)
		return;
	ck__plan__alias__init(alias);
	alias->path = ck_bytes(path);
	alias->target = ck_bytes(target);
	compiler->code->aliases[compiler->code->n_aliases++] = alias;
	compiler->debug->aliases[compiler->debug->n_aliases++] = ck_span_message(compiler, stmt->span);
}

static void lower_statement(struct ck_compiler *compiler, const struct ck_ast_stmt *stmt, struct once *once)
{
	switch (stmt->kind) {
	case CK_AST_MIGRATION:
		if (first_of(compiler, &once->migration, stmt, "migration"))
			lower_migration(compiler, stmt);
		return;
	case CK_AST_TARGET:
		if (first_of(compiler, &once->target, stmt, "target"))
			compiler->code->target_kind = ck_str_equal(stmt->name.text, CK_STR("names")) ? CK_TARGET_NAMES : CK_TARGET_OBJECTS;
		return;
	case CK_AST_SLOTS_FOLLOW:
		if (!first_of(compiler, &once->slots, stmt, "slots"))
			return;
		compiler->debug->slots = ck_span_message(compiler, stmt->span);
		lower_convention(compiler, stmt);
		return;
	case CK_AST_SLOTS_DROP:
		if (!first_of(compiler, &once->slots, stmt, "slots"))
			return;
		compiler->debug->slots = ck_span_message(compiler, stmt->span);
		compiler->code->slots_drop = true;
		compiler->code->slots_because = ck_bytes(stmt->because.text);
		return;
	case CK_AST_SLOT:
		lower_slot(compiler, stmt);
		return;
	case CK_AST_MAP:
	case CK_AST_KEEP:
	case CK_AST_DROP:
	case CK_AST_NEW:
		ck_lower_rule(compiler, stmt);
		return;
	case CK_AST_ALIAS:
		lower_alias(compiler, stmt);
		return;
	case CK_AST_CHECK:
		ck_lower_check(compiler, stmt);
		return;
	case CK_AST_LET:
	case CK_AST_PARAM:
	case CK_AST_INPUT:
		return;
	}
}

static bool make_lists(struct ck_compiler *compiler)
{
	struct ck_arena *arena = compiler->arena;
	size_t n = compiler->file->n_stmts + 1;
	Ck__Plan__Code *code = compiler->code;
	Ck__Plan__Debug *debug = compiler->debug;

	code->rules = ck_arena_array(arena, n, sizeof(*code->rules));
	code->checks = ck_arena_array(arena, n, sizeof(*code->checks));
	code->slots = ck_arena_array(arena, n, sizeof(*code->slots));
	code->aliases = ck_arena_array(arena, n, sizeof(*code->aliases));
	code->inputs = ck_arena_array(arena, n, sizeof(*code->inputs));
	debug->rules = ck_arena_array(arena, n, sizeof(*debug->rules));
	debug->checks = ck_arena_array(arena, n, sizeof(*debug->checks));
	debug->aliases = ck_arena_array(arena, n, sizeof(*debug->aliases));
	debug->files = ck_arena_array(arena, 1, sizeof(*debug->files));
	debug->allows = ck_arena_array(arena, compiler->file->n_allows + 1, sizeof(*debug->allows));
	return !ck_arena_failed(arena);
}

static bool keep_text(struct ck_compiler *compiler)
{
	const struct ck_source_text *text = &compiler->diags->files[compiler->file->file - 1];
	Ck__Plan__SourceFile *file = ck_arena_alloc(compiler->arena, sizeof(*file));

	if (!file)
		return false;
	ck__plan__source_file__init(file);
	file->name = ck_bytes(text->name);
	file->text = ck_bytes(text->text);
	compiler->debug->files[0] = file;
	compiler->debug->n_files = 1;
	for (size_t i = 0; i < compiler->file->n_allows; i++) {
		Ck__Plan__Allow *allow = ck_arena_alloc(compiler->arena, sizeof(*allow));

		if (!allow)
			return false;
		ck__plan__allow__init(allow);
		allow->code = ck_bytes(compiler->file->allows[i].code);
		allow->reason = ck_bytes(compiler->file->allows[i].reason);
		allow->span = ck_span_message(compiler, compiler->file->allows[i].span);
		compiler->debug->allows[compiler->debug->n_allows++] = allow;
	}
	return true;
}

/* A message with its packed bytes, by which it is sorted, and its spans, which go with it. */
struct packed {
	struct ck_str bytes;
	void *message;
	void *spans;
};

static int compare_packed(const void *a, const void *b)
{
	const struct packed *x = a, *y = b;

	return ck_str_compare(x->bytes, y->bytes);
}

static bool pack_into(struct ck_arena *arena, const ProtobufCMessage *message, struct ck_str *ret_bytes)
{
	size_t n = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = ck_arena_alloc(arena, n + 1);

	if (!bytes)
		return false;
	*ret_bytes = (struct ck_str){ (char *)bytes, protobuf_c_message_pack(message, bytes) };
	return true;
}

/* The order of statements never matters, so the plan has one of its own: by their bytes. */
static bool sort_messages(struct ck_arena *arena, void **messages, void **spans, size_t n)
{
	struct packed *items = ck_arena_array(arena, n + 1, sizeof(*items));

	if (!items)
		return false;
	for (size_t i = 0; i < n; i++) {
		items[i].message = messages[i];
		items[i].spans = spans ? spans[i] : NULL;
		if (!pack_into(arena, messages[i], &items[i].bytes))
			return false;
	}
	qsort(items, n, sizeof(*items), compare_packed);
	for (size_t i = 0; i < n; i++) {
		messages[i] = items[i].message;
		if (spans)
			spans[i] = items[i].spans;
	}
	return true;
}

static bool canonical_order(struct ck_compiler *compiler)
{
	Ck__Plan__Code *code = compiler->code;

	return sort_messages(compiler->arena, (void **)code->rules, (void **)compiler->debug->rules, code->n_rules) &&
	       sort_messages(compiler->arena, (void **)code->checks, (void **)compiler->debug->checks, code->n_checks) &&
	       sort_messages(compiler->arena, (void **)code->slots, NULL, code->n_slots) &&
	       sort_messages(compiler->arena, (void **)code->files, NULL, code->n_files) &&
	       sort_messages(compiler->arena, (void **)code->aliases, (void **)compiler->debug->aliases, code->n_aliases);
}

static void lower_file(struct ck_compiler *compiler)
{
	size_t errors_before = compiler->diags->n_errors;
	struct once once = { 0 };

	ck_scope_collect(compiler);
	for (size_t i = 0; i < compiler->n_inputs; i++)
		compiler->code->inputs[compiler->code->n_inputs++] = ck_bytes(compiler->inputs[i]->name.text);
	for (size_t i = 0; i < compiler->file->n_stmts && !ck_arena_failed(compiler->arena); i++)
		lower_statement(compiler, compiler->file->stmts[i], &once);
	if (compiler->diags->n_errors == errors_before)
		ck_find_overlaps(compiler);
	ck_scope_warn_unused(compiler);
}

enum ck_code ck_compile(struct ck_arena *arena, struct ck_diags *diags, const struct ck_ast_file *file, struct ck_plan **ret_plan)
{
	struct ck_compiler compiler = { .arena = arena, .diags = diags, .file = file };
	struct ck_plan *plan = ck_arena_alloc(arena, sizeof(*plan));
	Ck__Plan__Plan *message = ck_arena_alloc(arena, sizeof(*message));
	size_t errors_before = diags->n_errors;
	enum ck_code code;

	compiler.code = ck_arena_alloc(arena, sizeof(*compiler.code));
	compiler.debug = ck_arena_alloc(arena, sizeof(*compiler.debug));
	if (ck_arena_failed(arena))
		return ck_error_nomem(diags);
	ck__plan__plan__init(message);
	ck__plan__code__init(compiler.code);
	ck__plan__debug__init(compiler.debug);
	message->format = CK_PLAN_FORMAT;
	message->code = compiler.code;
	message->debug = compiler.debug;
	*plan = (struct ck_plan){ .message = message, .arena = arena, .first_file = file->file };
	if (make_lists(&compiler))
		lower_file(&compiler);
	if (diags->n_errors > errors_before)
		return diags->first_error;
	if (ck_arena_failed(arena) || !keep_text(&compiler) || !canonical_order(&compiler))
		return ck_error_nomem(diags);
	code = ck_plan_seal(plan, diags);
	if (code == CK_OK)
		*ret_plan = plan;
	return code;
}
