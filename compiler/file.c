/* Files that operators name: the plan keeps what they were, so that a run with others is refused. */
#include "compiler/internal.h"

#include "bundle/base/io.h"

/* Bytes of the largest file. */
enum { MAX_FILE = 256 << 20 };

static struct ck_str path_of(const struct ck_compiler *compiler, struct ck_str name)
{
	struct ck_str dir = ck_path_dir(compiler->arena, compiler->diags->files[compiler->file->file - 1].name);

	return dir.p ? ck_path_join(compiler->arena, dir, name) : dir;
}

/* Its SHA-256; false with a message. */
static bool digest_of(struct ck_compiler *compiler, struct ck_str path, struct ck_span span, uint8_t ret_digest[CK_SHA256])
{
	struct ck_arena *scratch = ck_arena_new((size_t)MAX_FILE + (1 << 20));
	struct ck_str bytes;
	bool read = scratch && ck_read_file(path.p, MAX_FILE, scratch, &bytes), done = read && ck_sha256(bytes, ret_digest);

	if (scratch && !read && !ck_arena_failed(scratch)) {
		struct ck_diag *diag = ck_error(compiler->diags, CK_IO, span, "cannot read \"%.*s\": it is not there or not readable",
						CK_STR_ARG(ck_name_text(compiler->arena, path)));
		ck_diag_help(compiler->diags, diag, "files named in operators are relative to the migration's file");
	} else if (!done) {
		ck_error_nomem(compiler->diags);
	}
	ck_arena_free(scratch);
	return done;
}

bool ck_note_file(struct ck_builder *builder, const Ck__Plan__Expr *name, struct ck_span span)
{
	struct ck_compiler *compiler = builder->compiler;
	Ck__Plan__Code *code = compiler->code;
	struct ck_str text = ck_str_of(name->text), path;
	Ck__Plan__File *file;

	/* What a param names is known when the plan is bound. */
	if (name->kind != CK_EXPR_TEXT)
		return true;
	for (size_t i = 0; i < code->n_files; i++)
		if (ck_str_equal(ck_str_of(code->files[i]->name), text))
			return true;
	file = ck_arena_alloc(compiler->arena, sizeof(*file));
	path = path_of(compiler, text);
	if (!file || !path.p || !ck_arena_grow(compiler->arena, (void **)&code->files, code->n_files, &compiler->files_capacity, sizeof(*code->files)))
		return false;
	ck__plan__file__init(file);
	file->name = name->text;
	file->sha256.len = CK_SHA256;
	file->sha256.data = ck_arena_alloc(compiler->arena, CK_SHA256);
	if (!file->sha256.data || !digest_of(compiler, path, span, file->sha256.data))
		return false;
	code->files[code->n_files++] = file;
	return true;
}
