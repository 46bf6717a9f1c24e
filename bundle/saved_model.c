#include "bundle/saved_model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle/path.h"

enum { MAX_TRIES = 100, MAX_BASE = 100, LONGEST_BASE = 255 - 40, MAX_DEPTH = 64, MAX_ABOVE = 1000 };
#define MODEL_LIMIT ((size_t)1 << 30)
#define CHECKPOINT "variables"		/* its folder, and its prefix in that */

/* What was made, the last first: that is the order in which it can be removed. */
struct made {
	const char *path;
	bool is_dir;
	struct made *next;
};

struct ck_saved_model {
	struct ck_arena *arena;
	struct ck_saved_model_options options;
	struct ck_str folder, temporary, variables, prefix;
	const char *aside;			/* where what it replaces goes */
	struct made *_Atomic made;
	atomic_bool moved_old, moved_new;	/* a rename may have happened */
	atomic_bool committed;
	struct ck_companion_file companion;
	size_t depth;
	struct ck_carried carried;
};

static struct ck_saved_model *_Atomic open_model;
static atomic_size_t n_models;

/* ---- undoing: calls the system directly, and is async-signal-safe, as in writer.c */

static void undo(struct ck_saved_model *model)
{
	if (model->committed)
		return;
	ck_companion_withdraw(&model->companion);
	if (atomic_exchange(&model->moved_new, false))
		rename(model->folder.p, model->temporary.p);
	if (atomic_exchange(&model->moved_old, false))
		rename(model->aside, model->folder.p);
	ck_companion_undo(&model->companion);
	for (struct made *made = atomic_exchange(&model->made, NULL); made; made = made->next) {
		if (made->is_dir)
			rmdir(made->path);
		else
			unlink(made->path);
	}
}

void ck_saved_model_abandon(void)
{
	struct ck_saved_model *model = open_model;
	if (model)
		undo(model);
}

void ck_saved_model_close(struct ck_saved_model *model)
{
	if (!model)
		return;
	undo(model);
	open_model = NULL;
	ck_arena_free(model->arena);
}

/* Before it is made: a signal may come in between, and removing what is not there does no harm. */
static bool will_make(struct ck_saved_model *model, const char *path, bool is_dir)
{
	struct made *made = path ? ck_arena_alloc(model->arena, sizeof(*made)) : NULL;
	if (!made)
		return false;
	*made = (struct made){path, is_dir, model->made};
	model->made = made;
	return true;
}

/* ---- looking */

static enum ck_code has(struct ck_str path, const char *name, struct ck_arena *arena, struct ck_diags *diags, struct ck_stat *ret_stat)
{
	struct ck_str whole = ck_path_join(arena, path, ck_str(name));
	if (!whole.p)
		return ck_error_nomem(diags);
	return ck_stat_path(whole.p, ret_stat) ? CK_OK : ck_error_io(diags, "look at", whole);
}

enum ck_code ck_saved_model_find(struct ck_str path, struct ck_arena *arena, struct ck_diags *diags, bool *ret_is)
{
	static const char *const programs[] = {"saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"};
	struct ck_stat found;
	*ret_is = false;
	if (path.n == 0 || memchr(path.p, '\0', path.n))
		return CK_OK;
	enum ck_code code = has(path, CHECKPOINT, arena, diags, &found);
	bool has_variables = !code && found.is_dir;
	for (size_t i = 0; i < CK_COUNT(programs) && has_variables && !code && !*ret_is; i++) {
		code = has(path, programs[i], arena, diags, &found);
		*ret_is = !code && found.is_file;
	}
	return code;
}

enum ck_code ck_folder_is_in(struct ck_str a, struct ck_str b, struct ck_arena *arena, struct ck_diags *diags, bool *ret_is)
{
	struct ck_stat folder, here, before = {0};
	*ret_is = false;
	if (!ck_stat_path(b.p, &folder))
		return ck_error_io(diags, "look at", b);
	for (size_t i = 0; i < MAX_ABOVE && folder.is_dir; i++) {
		if (!a.p)
			return ck_error_nomem(diags);
		if (!ck_stat_path(a.p, &here))
			return ck_error_io(diags, "look at", a);
		bool is_root = here.device == before.device && here.inode == before.inode && before.exists;
		if (!here.exists || is_root)
			return CK_OK;
		*ret_is = here.device == folder.device && here.inode == folder.inode;
		if (*ret_is)
			return CK_OK;
		before = here;
		a = ck_str_format(arena, "%.*s/..", CK_STR_ARG(a));
	}
	return CK_OK;
}

/* ---- beginning */

static enum ck_code make_dir(struct ck_saved_model *model, struct ck_str path, struct ck_diags *diags)
{
	if (!will_make(model, path.p, true))
		return ck_error_nomem(diags);
	return ck_mkdirs(path.p) ? CK_OK : ck_error_io(diags, "make the folder", path);
}

/* Folders above the new one that are not there, the outermost first. */
static enum ck_code make_above(struct ck_saved_model *model, struct ck_str dir, size_t depth, struct ck_diags *diags)
{
	struct ck_stat found;
	if (!dir.p)
		return ck_error_nomem(diags);
	if (!ck_stat_path(dir.p, &found))
		return ck_error_io(diags, "look at", dir);
	if (found.exists || depth == MAX_DEPTH)
		return CK_OK;
	struct ck_str above = ck_path_dir(model->arena, dir);
	enum ck_code code = above.p && ck_str_equal(above, dir) ? CK_OK : make_above(model, above, depth + 1, diags);
	return code ? code : make_dir(model, dir, diags);
}

/* A temporary name that nothing has, in the folder of the new one. */
static struct ck_str pick_name(struct ck_saved_model *model, struct ck_str dir)
{
	struct ck_str base = ck_str_slice(ck_path_base(model->folder), 0, MAX_BASE);
	for (int i = 0; i < MAX_TRIES; i++) {
		struct ck_str name = ck_str_format(model->arena, ".%.*s.ckmig-%ld-%zu", CK_STR_ARG(base), (long)getpid(), n_models++);
		struct ck_str path = name.p ? ck_path_join(model->arena, dir, name) : name;
		struct stat found;
		if (!path.p || lstat(path.p, &found) != 0)
			return path;
	}
	return (struct ck_str){NULL, 0};
}

/* The checkpoint's files, which somebody else writes and the undoing removes. */
static bool will_write(struct ck_saved_model *model)
{
	bool good = will_make(model, ck_path_index(model->arena, model->prefix).p, false);
	for (size_t i = 0; i < model->options.n_shards && good; i++)
		good = will_make(model, ck_path_data(model->arena, model->prefix, (uint32_t)i, model->options.n_shards).p, false);
	return good;
}

static enum ck_code begin(struct ck_saved_model *model, struct ck_diags *diags)
{
	struct ck_str dir = ck_path_dir(model->arena, model->folder);
	enum ck_code code = make_above(model, dir, 0, diags);
	if (code)
		return code;
	model->temporary = pick_name(model, dir);
	model->aside = pick_name(model, dir).p;
	if (!model->temporary.p || !model->aside)
		return ck_error_nomem(diags);
	model->variables = ck_path_join(model->arena, model->temporary, CK_STR(CHECKPOINT));
	model->prefix = ck_path_join(model->arena, model->variables, CK_STR(CHECKPOINT));
	code = make_dir(model, model->temporary, diags);
	if (!code)
		code = make_dir(model, model->variables, diags);
	return code || will_write(model) ? code : ck_error_nomem(diags);
}

static enum ck_code check_name(struct ck_str folder, struct ck_diags *diags)
{
	struct ck_str base = ck_path_base(folder);
	bool is_name = base.n && base.n <= LONGEST_BASE && !ck_str_equal(base, CK_STR(".")) && !ck_str_equal(base, CK_STR("..")) &&
		       !ck_str_equal(base, CK_STR("/")) && !memchr(folder.p, '\0', folder.n);
	if (is_name)
		return CK_OK;
	struct ck_diag *diag = ck_error(diags, CK_BAD_TARGET_NAME, (struct ck_span){0}, "\"%.*s\" cannot name an output",
					CK_STR_ARG(ck_name_text(diags->arena, folder)));
	ck_diag_help(diags, diag, "a SavedModel is a folder, such as \"out/model\"");
	return CK_BAD_TARGET_NAME;
}

enum ck_code ck_saved_model_allowed(struct ck_str folder, bool force, struct ck_arena *arena, struct ck_diags *diags)
{
	struct ck_stat found;
	struct ck_str *names;
	size_t n = 1;
	bool is_model = false;
	if (!ck_stat_path(folder.p, &found))
		return ck_error_io(diags, "look at", folder);
	if (!found.exists)
		return CK_OK;
	if (found.is_dir && !ck_list_dir(folder.p, arena, &names, &n))
		return ck_error_io(diags, "list", folder);
	enum ck_code code = n == 0 ? CK_OK : ck_saved_model_find(folder, arena, diags, &is_model);
	if (code || n == 0 || (is_model && force))
		return code;
	struct ck_diag *diag = ck_error(diags, CK_OUTPUT_EXISTS, (struct ck_span){0}, "the output \"%.*s\" exists%s",
					CK_STR_ARG(ck_name_text(diags->arena, folder)), is_model ? "" : ", and is no SavedModel");
	ck_diag_help(diags, diag, is_model ? "choose another name, or replace it with --force"
					   : "choose another name; only a SavedModel can be replaced by one");
	return CK_OUTPUT_EXISTS;
}

enum ck_code ck_saved_model_open(struct ck_str folder, const struct ck_saved_model_options *options, struct ck_diags *diags,
				 struct ck_saved_model **ret_model)
{
	CK_ASSERT(!open_model);
	enum ck_code code = check_name(folder, diags);
	if (code)
		return code;
	struct ck_arena *arena = ck_arena_new(MODEL_LIMIT);
	struct ck_saved_model *model = arena ? ck_arena_alloc(arena, sizeof(*model)) : NULL;
	if (!model) {
		ck_arena_free(arena);
		return ck_error_nomem(diags);
	}
	while (folder.n > 1 && folder.p[folder.n - 1] == '/')
		folder.n--;
	model->arena = arena;
	model->options = *options;
	model->folder = ck_str_copy(arena, folder);
	open_model = model;
	code = model->folder.p ? ck_saved_model_allowed(model->folder, model->options.force, model->arena, diags) : ck_error_nomem(diags);
	if (!code)
		code = begin(model, diags);
	if (code)
		ck_saved_model_close(model);
	else
		*ret_model = model;
	return code;
}

struct ck_str ck_saved_model_prefix(const struct ck_saved_model *model)
{
	return model->prefix;
}

/* ---- carrying along */

static bool copy_contents(int from, int to, uint64_t size, bool sync)
{
	return ck_copy_range(from, 0, to, 0, size) && (!sync || ck_sync(to));
}

static bool sync_path(const char *path, bool is_dir)
{
	int fd = is_dir ? ck_open_dir(path) : ck_open_read(path);
	bool good = fd >= 0 && ck_sync(fd);
	int error = errno;
	ck_close(fd);
	errno = error;
	return good;
}

/* A file of its own with the same contents, sharing its blocks where that was asked for and works. */
static bool copy_file(struct ck_saved_model *model, const char *from, const char *to, uint64_t size)
{
	int in = ck_open_read(from), out = in < 0 ? -1 : ck_open_create(to);
	bool cloned = out >= 0 && model->options.link_how == CK_LINK_CLONE && ck_clone(in, out);
	bool good = out >= 0 && (cloned ? !model->options.sync || ck_sync(out) : copy_contents(in, out, size, model->options.sync));
	int error = errno;
	ck_close(in);
	ck_close(out);
	model->carried.n_links += good && cloned;
	errno = error;
	return good;
}

static enum ck_code carry_file(struct ck_saved_model *model, struct ck_str from, struct ck_str to, uint64_t size, struct ck_diags *diags)
{
	if (!will_make(model, to.p, false))
		return ck_error_nomem(diags);
	model->carried.n_files++;
	model->carried.n_bytes += size;
	if (model->options.link_how == CK_LINK_HARD && ck_link(from.p, to.p)) {
		model->carried.n_links++;
		return !model->options.sync || sync_path(to.p, false) ? CK_OK : ck_error_io(diags, "sync", to);
	}
	return copy_file(model, from.p, to.p, size) ? CK_OK : ck_error_io(diags, "copy", from);
}

static enum ck_code odd_entry(struct ck_str path, const char *what, struct ck_diags *diags)
{
	ck_error(diags, CK_BAD_TARGET_NAME, (struct ck_span){0}, "\"%.*s\" cannot be carried along: %s",
		 CK_STR_ARG(ck_name_text(diags->arena, path)), what);
	return CK_BAD_TARGET_NAME;
}

/* Is it a file of the checkpoint? */
static bool is_checkpoint_file(struct ck_str name)
{
	struct ck_str prefix;
	return ck_str_equal(name, CK_STR(CHECKPOINT ".index")) || (ck_path_is_data(name, &prefix) && ck_str_equal(prefix, CK_STR(CHECKPOINT)));
}

static enum ck_code carry_dir(struct ck_saved_model *model, struct ck_str from, struct ck_str to, struct ck_diags *diags);

static enum ck_code carry_entry(struct ck_saved_model *model, struct ck_str from, struct ck_str to, struct ck_diags *diags)
{
	struct ck_stat found;
	if (!from.p || !to.p)
		return ck_error_nomem(diags);
	if (!ck_stat_path(from.p, &found))
		return ck_error_io(diags, "look at", from);
	if (!found.exists)
		return odd_entry(from, "it is a link to nothing", diags);
	if (found.is_file)
		return carry_file(model, from, to, found.size, diags);
	if (!found.is_dir)
		return odd_entry(from, "it is neither a file nor a folder", diags);
	if (model->depth >= MAX_DEPTH)
		return odd_entry(from, "folders are nested too deep", diags);
	enum ck_code code = ck_str_equal(to, model->variables) ? CK_OK : make_dir(model, to, diags);
	model->depth++;
	if (!code)
		code = carry_dir(model, from, to, diags);
	model->depth--;
	return code;
}

/* Everything in a folder. Recursion is bounded by MAX_DEPTH. */
static enum ck_code carry_dir(struct ck_saved_model *model, struct ck_str from, struct ck_str to, struct ck_diags *diags)
{
	struct ck_str *names;
	size_t n;
	enum ck_code code = CK_OK;
	if (!ck_list_dir(from.p, model->arena, &names, &n))
		return ck_error_io(diags, "list", from);
	for (size_t i = 0; i < n && !code; i++) {
		if (!ck_str_equal(to, model->variables) || !is_checkpoint_file(names[i]))
			code = carry_entry(model, ck_path_join(model->arena, from, names[i]), ck_path_join(model->arena, to, names[i]), diags);
	}
	if (!code && model->options.sync && !sync_path(to.p, true))
		code = ck_error_io(diags, "sync the folder", to);
	return code;
}

enum ck_code ck_saved_model_carry(struct ck_saved_model *model, struct ck_str from, struct ck_diags *diags, struct ck_carried *ret_carried)
{
	struct ck_str copy = ck_str_copy(model->arena, from);
	enum ck_code code = copy.p ? carry_dir(model, copy, model->temporary, diags) : ck_error_nomem(diags);
	*ret_carried = model->carried;
	return code;
}

/* ---- the end */

/* Removes a folder with all that is in it, without a look at what links lead to. What cannot be removed stays. */
static void remove_tree(const char *path, size_t depth)
{
	int fd = depth < MAX_DEPTH + 2 ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	for (const struct dirent *entry; dir && (entry = readdir(dir));) {
		struct stat found;
		char below[4096];
		bool is_dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
		int n = snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (is_dots || n < 0 || (size_t)n >= sizeof(below) || lstat(below, &found) != 0)
			continue;
		if (S_ISDIR(found.st_mode))
			remove_tree(below, depth + 1);
		else
			unlink(below);
	}
	if (dir)
		closedir(dir);
	else
		unlink(path);	/* a link to a folder */
	rmdir(path);
}

static enum ck_code move(atomic_bool *moved, const char *from, const char *to, struct ck_diags *diags)
{
	*moved = true;	/* before it: a signal may come between */
	if (ck_rename(from, to))
		return CK_OK;
	enum ck_code code = ck_error_io(diags, "rename", ck_str(from));
	*moved = false;
	return code;
}

/* What tells about the old one, and then that, aside; the new one; then what tells about it. */
static enum ck_code move_all(struct ck_saved_model *model, struct ck_str above, bool replaces, struct ck_diags *diags)
{
	enum ck_code code = ck_companion_hide(&model->companion, diags);
	if (!code && replaces)
		code = move(&model->moved_old, model->folder.p, model->aside, diags);
	if (!code)
		code = move(&model->moved_new, model->temporary.p, model->folder.p, diags);
	if (!code && model->options.sync && !sync_path(above.p, true))
		code = ck_error_io(diags, "sync the folder", above);
	return code ? code : ck_companion_show(&model->companion, diags);
}

enum ck_code ck_saved_model_commit(struct ck_saved_model *model, const struct ck_companion *companion, struct ck_diags *diags)
{
	struct ck_stat old;
	struct ck_str above = ck_path_dir(model->arena, model->folder);
	/* Again: another process may have written here since. */
	enum ck_code code = above.p ? ck_saved_model_allowed(model->folder, model->options.force, model->arena, diags) : ck_error_nomem(diags);
	if (!code && !ck_stat_path(model->folder.p, &old))
		code = ck_error_io(diags, "look at", model->folder);
	if (!code && model->options.sync && !sync_path(model->temporary.p, true))
		code = ck_error_io(diags, "sync the folder", model->temporary);
	if (!code && companion)
		code = make_above(model, ck_path_dir(model->arena, companion->path), 0, diags);
	if (!code)
		code = ck_companion_write(&model->companion, companion, model->options.sync, model->arena, diags);
	if (!code)
		code = move_all(model, above, old.exists, diags);
	if (code) {
		undo(model);
		return code;
	}
	model->committed = true;
	ck_companion_settle(&model->companion);
	if (old.exists)
		remove_tree(model->aside, 0);
	return CK_OK;
}
