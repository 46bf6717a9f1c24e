#include "bundle/companion.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { MAX_TRIES = 100, MAX_BASE = 100 };

/* Undoing calls the system directly, as in writer.c. */

void ck_companion_withdraw(struct ck_companion_file *file)
{
	if (atomic_exchange(&file->shown, false))
		rename(file->path, file->temporary);
}

void ck_companion_undo(struct ck_companion_file *file)
{
	ck_companion_withdraw(file);
	if (atomic_exchange(&file->exists, false))
		unlink(file->temporary);
	if (atomic_exchange(&file->hidden, false))
		rename(file->aside, file->path);
}

void ck_companion_settle(struct ck_companion_file *file)
{
	if (atomic_exchange(&file->hidden, false))
		unlink(file->aside);
}

/* A temporary name in its folder, which may be another than the output's. */
static int create(struct ck_companion_file *file, struct ck_str path, struct ck_arena *arena)
{
	struct ck_str dir = ck_path_dir(arena, path), base = ck_str_slice(ck_path_base(path), 0, MAX_BASE);
	for (int i = 0; i < MAX_TRIES; i++) {
		struct ck_str name = ck_str_format(arena, ".%.*s.ckmig-%ld-%d", CK_STR_ARG(base), (long)getpid(), i);
		struct ck_str whole = dir.p && name.p ? ck_path_join(arena, dir, name) : (struct ck_str){NULL, 0};
		if (!whole.p) {
			errno = ENOMEM;
			return -1;
		}
		int fd = ck_open_create(whole.p);
		if (fd >= 0)
			file->temporary = whole.p;
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

enum ck_code ck_companion_write(struct ck_companion_file *file, const struct ck_companion *companion, bool sync, struct ck_arena *arena,
				struct ck_diags *diags)
{
	if (!companion)
		return CK_OK;
	struct ck_str path = ck_str_copy(arena, companion->path), aside = {NULL, 0};
	struct ck_stat found = {0};
	int fd = path.p ? create(file, path, arena) : -1;
	file->exists = fd >= 0;
	bool good = fd >= 0 && ck_write_text(fd, companion->text) && (!sync || ck_sync(fd)) &&
		    ck_stat_path(path.p, &found);
	int error = errno;
	ck_close(fd);
	errno = error;
	if (good && found.exists)
		aside = ck_str_format(arena, "%s.old", file->temporary);
	if (ck_arena_failed(arena))
		return ck_error_nomem(diags);
	if (!good)
		return ck_error_io(diags, "write", companion->path);
	file->path = path.p;
	file->aside = aside.p;
	return CK_OK;
}

static enum ck_code move(atomic_bool *moved, const char *from, const char *to, const char *what, const char *name, struct ck_diags *diags)
{
	*moved = true;	/* before it: a signal may come between */
	if (ck_rename(from, to))
		return CK_OK;
	enum ck_code code = ck_error_io(diags, what, ck_str(name));
	*moved = false;
	return code;
}

enum ck_code ck_companion_hide(struct ck_companion_file *file, struct ck_diags *diags)
{
	return file->aside ? move(&file->hidden, file->path, file->aside, "move aside", file->path, diags) : CK_OK;
}

enum ck_code ck_companion_show(struct ck_companion_file *file, struct ck_diags *diags)
{
	return file->path ? move(&file->shown, file->temporary, file->path, "give its name to", file->path, diags) : CK_OK;
}
