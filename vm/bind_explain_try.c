/* Patterns that are made up for an explanation, tried out on the names there are. */
#include "vm/bind_explain.h"

bool ck_explain_try(struct ck_explain *explain, uint32_t input, const Ck__Plan__Pattern *pattern, struct ck_relation *ret_relation)
{
	struct ck_unit unit = { .number = explain->unit->number, .is_check = true, .locals = explain->locals, .n_locals = explain->n_locals };
	Ck__Plan__Source source = *explain->source;
	Ck__Plan__Insn insn, *code[1] = { &insn };
	bool reported[2] = { true, true };

	ck__plan__insn__init(&insn);
	insn.op = CK_OP_SOURCE;
	insn.source = &source;
	source.input = input;
	source.pattern = (Ck__Plan__Pattern *)(uintptr_t)pattern;
	unit.code = code;
	unit.n_code = 1;
	unit.reported = reported;
	unit.used = ck_arena_array(explain->binder->arena, unit.n_locals + 1, sizeof(*unit.used));
	if (!unit.used)
		return ck_bind_nomem(explain->binder);
	return ck_bind_source(explain->binder, &unit, 0, ret_relation);
}

size_t ck_explain_count(struct ck_explain *explain, const Ck__Plan__Pattern *pattern, struct ck_relation *ret_relation)
{
	*ret_relation = (struct ck_relation){ 0 };
	return ck_explain_try(explain, explain->source->input, pattern, ret_relation) ? ret_relation->n_rows : 0;
}

struct ck_str ck_explain_label(const struct ck_explain *explain, size_t variable)
{
	return ck_bind_label_text(explain->binder, explain->source->input, variable);
}

Ck__Plan__Pattern *ck_explain_pattern(struct ck_explain *explain, uint32_t by, size_t n_pieces)
{
	Ck__Plan__Pattern *pattern = ck_arena_alloc(explain->binder->arena, sizeof(*pattern));

	if (!pattern)
		return NULL;
	ck__plan__pattern__init(pattern);
	pattern->by = by;
	pattern->pieces = ck_arena_array(explain->binder->arena, n_pieces + 1, sizeof(*pattern->pieces));
	return pattern->pieces ? pattern : NULL;
}

Ck__Plan__Piece *ck_explain_piece(struct ck_explain *explain, enum ck_piece_kind kind, struct ck_str text)
{
	Ck__Plan__Piece *piece = ck_arena_alloc(explain->binder->arena, sizeof(*piece));

	if (!piece)
		return NULL;
	ck__plan__piece__init(piece);
	piece->kind = kind;
	piece->text = ck_bind_bytes(text);
	return piece;
}

Ck__Plan__Piece *ck_explain_rest(struct ck_explain *explain)
{
	Ck__Plan__Piece *piece = ck_explain_piece(explain, CK_PIECE_STARSTAR, CK_STR(""));

	if (piece)
		piece->local = (uint32_t)explain->unit->n_locals + 1;
	return piece;
}

struct ck_str ck_explain_quoted(const struct ck_explain *explain, const Ck__Plan__Pattern *pattern, bool rest, const char *quote)
{
	static const char *const by[] = { [CK_BY_NAME] = "", [CK_BY_PATH] = "path:", [CK_BY_FULL] = "full:" };
	struct ck_buf buf = { 0 };
	struct ck_str text;

	ck_buf_printf(&buf, "%s%s%s", rest ? "rest:" : "", pattern->by < CK_COUNT(by) ? by[pattern->by] : "", quote);
	ck_buf_pattern(&buf, pattern, explain->locals, explain->n_locals, true);
	ck_buf_str(&buf, ck_str(quote));
	text = ck_str_copy(explain->binder->diags->arena, ck_buf_view(&buf));
	ck_buf_clear(&buf);
	return text;
}

struct ck_str ck_explain_text(const struct ck_explain *explain, const Ck__Plan__Pattern *pattern, bool rest)
{
	return ck_explain_quoted(explain, pattern, rest, "\"");
}

bool ck_names_add(struct ck_names *set, struct ck_arena *arena, struct ck_str item)
{
	size_t before;

	if (!set->seen.arena)
		ck_map_init(&set->seen, arena);
	if (!item.n || ck_map_get(&set->seen, item, &before))
		return true;
	if (!ck_map_put(&set->seen, item, 0) || !ck_arena_grow(arena, (void **)&set->items, set->n, &set->capacity, sizeof(*set->items)))
		return false;
	set->items[set->n++] = item;
	return true;
}
