/* Files that operators name: found, compared with what the plan was made with, read. */
#include "vm/bind_internal.h"

#include <string.h>

#include "vm/series.h"

static bool bad_file(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_str path, const char *what, size_t line)
{
	if (!ck_bind_once(unit, insn))
		return false;
	if (line)
		ck_error(binder->diags, CK_BAD_ARGUMENT, ck_unit_span(binder, unit, insn), "\"%.*s\", line %zu: %s",
			 CK_STR_ARG(ck_name_text(binder->diags->arena, path)), line, what);
	else
		ck_diag_help(binder->diags,
			     ck_error(binder->diags, CK_IO, ck_unit_span(binder, unit, insn), "cannot read \"%.*s\": %s",
				      CK_STR_ARG(ck_name_text(binder->diags->arena, path)), what),
			     "files named in operators are relative to the migration's file");
	return false;
}

/*
 * Reads a file that an operator names, relative to the folder of the migration or plan; of a plan, also to where its migration
 * was. False when it is in neither; *ret_path is the first then.
 */
static bool find_file(const struct ck_plan *plan, struct ck_str name, struct ck_arena *arena, struct ck_str *ret_path, struct ck_str *ret_text)
{
	enum { MAX_FILE = 256 << 20 };
	const Ck__Plan__Debug *debug = plan->message->debug;
	struct ck_str dirs[2] = { ck_str(plan->directory ? plan->directory : ".") };

	if (debug && debug->n_files)
		dirs[1] = ck_path_dir(arena, ck_str_of(debug->files[0]->name));
	for (size_t i = 0; i < 2 && dirs[i].p; i++) {
		*ret_path = ck_path_join(arena, dirs[i], name);
		if (ret_path->p && ck_read_file(ret_path->p, MAX_FILE, arena, ret_text))
			return true;
	}
	*ret_path = ck_path_join(arena, dirs[0], name);
	return false;
}

/* Is the file what the plan was compiled with? The plan does not say of one that a param names. False also when memory is short. */
static bool is_same(const struct ck_plan *plan, struct ck_str name, struct ck_str text)
{
	const Ck__Plan__Code *code = plan->message->code;
	uint8_t digest[CK_SHA256];

	for (size_t i = 0; i < code->n_files; i++)
		if (ck_str_equal(ck_str_of(code->files[i]->name), name))
			return ck_sha256(text, digest) && code->files[i]->sha256.len == CK_SHA256 &&
			       !memcmp(digest, code->files[i]->sha256.data, CK_SHA256);
	return true;
}

static enum ck_code is_another(struct ck_diags *diags, struct ck_span span, struct ck_str path)
{
	struct ck_diag *diag = ck_error(diags, CK_STALE_PLAN, span, "\"%.*s\" is not what it was when the plan was made",
					CK_STR_ARG(ck_name_text(diags->arena, path)));

	ck_diag_help(diags, diag, "make the plan again, or bring the old file back");
	return CK_STALE_PLAN;
}

enum ck_code ck_bound_files_fresh(const struct ck_plan *bound, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_str path, text;

	/* The plan has what it needs of them: one that is gone is missed by nobody. */
	for (size_t i = 0; i < ck_plan_n_parts(bound); i++) {
		const struct ck_plan *part = ck_plan_part(bound, i);
		const Ck__Plan__Code *code = part->message->code;

		for (size_t j = 0; j < code->n_files; j++)
			if (find_file(part, ck_str_of(code->files[j]->name), arena, &path, &text) && !is_same(part, ck_str_of(code->files[j]->name), text))
				return is_another(diags, (struct ck_span){ 0 }, path);
	}
	return ck_arena_failed(arena) ? ck_error_nomem(diags) : CK_OK;
}

static bool read_named(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_str name, struct ck_str *ret_path,
		       struct ck_str *ret_text)
{
	bool found = find_file(binder->plan, name, binder->arena, ret_path, ret_text);

	if (ck_arena_failed(binder->arena))
		return ck_bind_nomem(binder);
	if (!found)
		return bad_file(binder, unit, insn, *ret_path, "it is not there or not readable", 0);
	if (is_same(binder->plan, name, *ret_text))
		return true;
	if (ck_bind_once(unit, insn))
		is_another(binder->diags, ck_unit_span(binder, unit, insn), *ret_path);
	return false;
}

/* Whoever writes a file and not `[]` does not mean that nothing is left. */
static bool no_index(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_str path)
{
	struct ck_diag *diag;

	if (!ck_bind_once(unit, insn))
		return false;
	diag = ck_error(binder->diags, CK_BAD_ARGUMENT, ck_unit_span(binder, unit, insn), "\"%.*s\" is empty, and would leave nothing",
			CK_STR_ARG(ck_name_text(binder->diags->arena, path)));
	ck_diag_help(binder->diags, diag, "write one index a line; if nothing is to be left, say so by take(axis=..., [])");
	return false;
}

/* CR LF and a missing last newline are accepted. */
bool ck_bind_indices(struct ck_binder *binder, struct ck_unit *unit, size_t insn, struct ck_str name, struct ck_value *ret_list)
{
	struct ck_str path = { NULL, 0 }, text = { NULL, 0 };
	size_t capacity = 0, line = 0;

	if (!read_named(binder, unit, insn, name, &path, &text))
		return false;
	*ret_list = (struct ck_value){ .kind = CK_EXPR_LIST };
	while (text.n) {
		size_t end = ck_str_find(text, '\n');
		struct ck_str row = ck_str_slice(text, 0, end);
		int64_t number = 0;
		size_t i = 0;

		text = ck_str_slice(text, end + 1, text.n);
		line++;
		row.n -= row.n && row.p[row.n - 1] == '\r';
		i += row.n && row.p[0] == '-';
		if (i == row.n || row.n > 18)
			return bad_file(binder, unit, insn, path, "an index is wanted here, an integer such as 3 or -1", line);
		for (; i < row.n; i++) {
			if (row.p[i] < '0' || row.p[i] > '9')
				return bad_file(binder, unit, insn, path, "an index is wanted here, an integer such as 3 or -1", line);
			number = number * 10 + (row.p[i] - '0');
		}
		if (!ck_arena_grow(binder->arena, (void **)&ret_list->items, ret_list->n_items, &capacity, sizeof(*ret_list->items)))
			return ck_bind_nomem(binder);
		ret_list->items[ret_list->n_items++] = (struct ck_value){ .kind = CK_EXPR_INT, .integer = row.p[0] == '-' ? -number : number };
	}
	if (!ret_list->n_items)
		return no_index(binder, unit, insn, path);
	return true;
}
