#include "bundle/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/path.h"
#include "bundle/table.h"

/* Names have at most 255 bytes: what leaves room for ".data-1234567-of-1234567", and what of it a temporary name repeats. */
enum { MAX_TRIES = 100, LONGEST_BASE = 255 - 24, MAX_BASE = 100 };
#define WRITER_LIMIT ((size_t)8 << 30)

/* One file of the output, or of the one that it replaces: its temporary name and its own. */
struct file {
	const char *temporary, *final;
	bool is_old;			/* moves from final to temporary first, and is removed in the end */
	atomic_bool exists;		/* the temporary name was taken by us */
	atomic_bool begun;		/* its rename may have happened */
	int fd;
};

struct ck_writer {
	struct ck_arena *arena;
	struct ck_str prefix, dir;
	bool force, sync;
	size_t n_shards;
	uint64_t *sizes;
	pthread_mutex_t *locks;		/* [n_shards] see ck_writer_put() */
	bool *is_link;
	struct file *shards;		/* [n_shards], and then the index */
	struct file *old;		/* [n_old], the index first */
	_Atomic size_t n_old;
	struct ck_companion_file companion;
	size_t stem;			/* number of this writer's temporary names */
	size_t n_made_dirs;
	const char *made_dirs[64];	/* folders that were made, the outermost first */
	atomic_bool committed;
	struct ck_writer *_Atomic next;
};

static struct ck_writer *_Atomic open_writers;
static pthread_mutex_t writers_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_size_t n_stems;

/* Undoing calls the system directly: clearing up must not fail because a test made a call fail; all of it is async-signal-safe. */
static void undo_move(struct file *file)
{
	if (!atomic_exchange(&file->begun, false))
		return;
	if (file->is_old)
		rename(file->temporary, file->final);
	else
		rename(file->final, file->temporary);
}

/* The index goes first and the old one comes back last, so that no moment has an index without its data. */
static void undo(struct ck_writer *writer)
{
	size_t n_old = writer->n_old;
	bool committed = writer->committed;
	if (!committed)
		ck_companion_withdraw(&writer->companion);
	for (size_t i = writer->n_shards + 1; i-- > 0 && !committed;)
		undo_move(&writer->shards[i]);
	for (size_t i = n_old; i-- > 0 && !committed;)
		undo_move(&writer->old[i]);
	for (size_t i = 0; i <= writer->n_shards && !committed; i++) {
		if (atomic_exchange(&writer->shards[i].exists, false))
			unlink(writer->shards[i].temporary);
	}
	for (size_t i = 0; i < n_old && committed; i++) {
		if (atomic_exchange(&writer->old[i].begun, false))
			unlink(writer->old[i].temporary);
	}
	if (committed)
		ck_companion_settle(&writer->companion);
	else
		ck_companion_undo(&writer->companion);
	for (size_t i = writer->n_made_dirs; i-- > 0 && !committed;)
		rmdir(writer->made_dirs[i]);
}

void ck_writer_abandon_all(void)
{
	for (struct ck_writer *writer = open_writers; writer; writer = writer->next)
		undo(writer);
}

static void register_writer(struct ck_writer *writer)
{
	pthread_mutex_lock(&writers_lock);
	writer->next = open_writers;
	open_writers = writer;
	pthread_mutex_unlock(&writers_lock);
}

static void forget_writer(struct ck_writer *writer)
{
	pthread_mutex_lock(&writers_lock);
	if (open_writers == writer)
		open_writers = writer->next;
	for (struct ck_writer *other = open_writers; other; other = other->next) {
		if (other->next == writer)
			other->next = writer->next;
	}
	pthread_mutex_unlock(&writers_lock);
}

void ck_writer_close(struct ck_writer *writer)
{
	if (!writer)
		return;
	for (size_t i = 0; i <= writer->n_shards; i++) {
		ck_close(writer->shards[i].fd);
		writer->shards[i].fd = -1;
	}
	undo(writer);
	forget_writer(writer);
	for (size_t i = 0; writer->locks && i < writer->n_shards; i++)
		pthread_mutex_destroy(&writer->locks[i]);
	ck_arena_free(writer->arena);
}

/* ".PREFIX.ckmig-PID-N.TAIL" in the folder. */
static const char *temporary_name(struct ck_writer *writer, struct ck_str tail)
{
	struct ck_str base = ck_str_slice(ck_path_base(writer->prefix), 0, MAX_BASE);
	struct ck_str name = ck_str_format(writer->arena, ".%.*s.ckmig-%ld-%zu%.*s", CK_STR_ARG(base), (long)getpid(), writer->stem,
					   CK_STR_ARG(tail));
	return name.p ? ck_path_join(writer->arena, writer->dir, name).p : NULL;
}

/* A folder and those above it that are not there, each noted for ck_writer_close(). */
static enum ck_code make_dirs(struct ck_writer *writer, struct ck_str all, struct ck_diags *diags)
{
	struct ck_str missing[CK_COUNT(writer->made_dirs)], dir = all;
	size_t n = 0;
	for (;;) {
		struct ck_stat found;
		if (!dir.p)
			return ck_error_nomem(diags);
		if (!ck_stat_path(dir.p, &found))
			return ck_error_io(diags, "look at", dir);
		if (found.exists || n + writer->n_made_dirs == CK_COUNT(missing))
			break;
		missing[n++] = dir;
		struct ck_str above = ck_path_dir(writer->arena, dir);
		if (ck_str_equal(above, dir))
			break;
		dir = above;
	}
	for (size_t i = n; i-- > 0;)
		writer->made_dirs[writer->n_made_dirs++] = missing[i].p;
	return ck_mkdirs(all.p) ? CK_OK : ck_error_io(diags, "make the folder", all);
}

/* The files that the prefix names now: its index first, then data files of any count. */
static enum ck_code find_old(struct ck_writer *writer, struct ck_diags *diags)
{
	struct ck_str base = ck_path_base(writer->prefix), prefix, *names;
	struct ck_str index = ck_path_index(writer->arena, base);
	size_t n_names, n = 0;
	if (!ck_list_dir(writer->dir.p, writer->arena, &names, &n_names))
		return ck_error_io(diags, "list", writer->dir);
	struct file *old = ck_arena_array(writer->arena, n_names + 1, sizeof(*old));
	if (!index.p || !old)
		return ck_error_nomem(diags);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n_names; i++) {
			bool is_data = ck_path_is_data(names[i], &prefix) && ck_str_equal(prefix, base);
			if (pass == 0 ? !ck_str_equal(names[i], index) : !is_data)
				continue;
			struct ck_str tail = ck_str_slice(names[i], base.n, names[i].n);
			struct ck_str aside = ck_str_format(writer->arena, ".old%.*s", CK_STR_ARG(tail));
			old[n].is_old = true;
			old[n].final = ck_path_join(writer->arena, writer->dir, names[i]).p;
			old[n].temporary = aside.p ? temporary_name(writer, aside) : NULL;
			if (!old[n].final || !old[n].temporary)
				return ck_error_nomem(diags);
			n++;
		}
	}
	writer->n_old = 0;	/* a signal may come in between */
	writer->old = old;
	writer->n_old = n;
	return CK_OK;
}

static enum ck_code refuse_old(struct ck_writer *writer, struct ck_diags *diags)
{
	enum ck_code code = find_old(writer, diags);
	if (code || writer->n_old == 0 || writer->force)
		return code;
	struct ck_diag *diag = ck_error(diags, CK_OUTPUT_EXISTS, (struct ck_span){0}, "the output \"%.*s\" exists",
					CK_STR_ARG(ck_name_text(diags->arena, ck_str(writer->old[0].final))));
	ck_diag_help(diags, diag, "choose another name, or replace it with --force");
	return CK_OUTPUT_EXISTS;
}

static bool link_file(const char *from, const char *to, enum ck_link_how how)
{
	struct ck_stat found;
	int in, out, error;
	bool good;
	if (how == CK_LINK_HARD)
		return ck_link(from, to);
	in = ck_open_read(from);
	out = in < 0 ? -1 : ck_open_create(to);
	good = out >= 0 && (how == CK_LINK_CLONE ? ck_clone(in, out) : ck_stat_fd(in, &found) && ck_copy_range(in, 0, out, 0, found.size));
	error = errno;
	ck_close(in);
	ck_close(out);
	if (!good && out >= 0)
		unlink(to);
	errno = error;
	return good;
}

bool ck_writer_can_link(const char *from, struct ck_str prefix, enum ck_link_how how, struct ck_arena *arena)
{
	struct ck_str dir = ck_path_dir(arena, prefix), trial;
	struct ck_stat found = {0};
	/* The folder may have to be made yet: what is above it lies on the same file system. */
	while (dir.p && ck_stat_path(dir.p, &found) && !found.exists && !ck_str_equal(ck_path_dir(arena, dir), dir))
		dir = ck_path_dir(arena, dir);
	trial = found.exists ? ck_str_format(arena, "%.*s/.ckmig-link-%ld-%zu", CK_STR_ARG(dir), (long)getpid(), n_stems++) : (struct ck_str){0};
	if (!trial.p || !link_file(from, trial.p, how))
		return false;
	unlink(trial.p);
	return true;
}

/* Creates (or links) the file under its temporary name. */
static enum ck_code create(struct ck_writer *writer, struct file *file, struct ck_str tail, struct ck_str link, enum ck_link_how how,
			   struct ck_diags *diags)
{
	file->temporary = temporary_name(writer, tail);
	file->final = ck_str_format(writer->arena, "%.*s%.*s", CK_STR_ARG(writer->prefix), CK_STR_ARG(tail)).p;
	if (!file->temporary || !file->final)
		return ck_error_nomem(diags);
	if (link.n) {
		struct ck_str from = ck_str_copy(writer->arena, link);
		if (!from.p)
			return ck_error_nomem(diags);
		if (!link_file(from.p, file->temporary, how))
			return ck_error_io(diags, how == CK_LINK_COPY ? "copy" : "link", link);
		file->exists = true;
		file->fd = ck_open_read(file->temporary);
	} else {
		file->fd = ck_open_create(file->temporary);
		file->exists = file->fd >= 0;
	}
	return file->fd >= 0 ? CK_OK : ck_error_io(diags, "create", ck_str(file->final));
}

static enum ck_code create_shards(struct ck_writer *writer, const struct ck_writer_options *options, struct ck_diags *diags)
{
	enum ck_code code = CK_OK;
	for (size_t i = 0; i < writer->n_shards && !code; i++) {
		struct ck_str none = CK_STR(""), tail = ck_path_data(writer->arena, none, (uint32_t)i, writer->n_shards);
		struct ck_str link = options->links ? options->links[i] : none;
		writer->sizes[i] = options->shard_sizes[i];
		writer->is_link[i] = link.n > 0;
		code = tail.p ? create(writer, &writer->shards[i], tail, link, options->link_how, diags) : ck_error_nomem(diags);
		if (!code && !writer->is_link[i] && !ck_reserve(writer->shards[i].fd, writer->sizes[i]))
			code = ck_error_io(diags, "write", ck_str(writer->shards[i].final));
	}
	return code;
}

/* A number that no file in the folder carries: a process of the same id may have crashed here. */
static enum ck_code pick_stem(struct ck_writer *writer, struct ck_diags *diags)
{
	struct ck_str *names;
	size_t n_names;
	if (!ck_list_dir(writer->dir.p, writer->arena, &names, &n_names))
		return ck_error_io(diags, "list", writer->dir);
	bool taken = true;
	for (int i = 0; i < MAX_TRIES && taken; i++) {
		writer->stem = n_stems++;
		const char *stem = temporary_name(writer, CK_STR("."));
		if (!stem)
			return ck_error_nomem(diags);
		taken = false;
		for (size_t j = 0; j < n_names && !taken; j++)
			taken = ck_str_starts(names[j], ck_path_base(ck_str(stem)));
	}
	return CK_OK;
}

static enum ck_code check_prefix(struct ck_str prefix, struct ck_diags *diags)
{
	struct ck_str base = ck_path_base(prefix);
	if (prefix.n && prefix.p[prefix.n - 1] != '/' && base.n <= LONGEST_BASE && !ck_str_equal(base, CK_STR(".")) && !ck_str_equal(base, CK_STR("..")) &&
	    !memchr(prefix.p, '\0', prefix.n))
		return CK_OK;
	struct ck_diag *diag = ck_error(diags, CK_BAD_TARGET_NAME, (struct ck_span){0}, "\"%.*s\" cannot name an output",
					CK_STR_ARG(ck_name_text(diags->arena, prefix)));
	ck_diag_help(diags, diag, "an output is a prefix, such as \"out/model\": the files are called out/model.index and so on");
	return CK_BAD_TARGET_NAME;
}

enum ck_code ck_writer_open(struct ck_str prefix, const struct ck_writer_options *options, struct ck_diags *diags,
			    struct ck_writer **ret_writer)
{
	enum ck_code code = check_prefix(prefix, diags);
	if (code)
		return code;
	struct ck_arena *arena = ck_arena_new(WRITER_LIMIT);
	struct ck_writer *writer = arena ? ck_arena_alloc(arena, sizeof(*writer)) : NULL;
	struct file *shards = writer ? ck_arena_array(arena, options->n_shards + 1, sizeof(*shards)) : NULL;
	if (!shards) {
		ck_arena_free(arena);
		return ck_error_nomem(diags);
	}
	for (size_t i = 0; i <= options->n_shards; i++)
		shards[i].fd = -1;
	writer->arena = arena;
	writer->shards = shards;
	writer->n_shards = options->n_shards;
	writer->force = options->force;
	writer->sync = options->sync;
	register_writer(writer);
	writer->prefix = ck_str_copy(arena, prefix);
	writer->dir = ck_path_dir(arena, prefix);
	writer->sizes = ck_arena_array(arena, options->n_shards, sizeof(*writer->sizes));
	writer->is_link = ck_arena_array(arena, options->n_shards, sizeof(*writer->is_link));
	writer->locks = ck_arena_array(arena, options->n_shards, sizeof(*writer->locks));
	for (size_t i = 0; writer->locks && i < options->n_shards; i++)
		pthread_mutex_init(&writer->locks[i], NULL);
	code = ck_arena_failed(arena) ? ck_error_nomem(diags) : make_dirs(writer, writer->dir, diags);
	if (!code)
		code = pick_stem(writer, diags);
	if (!code)
		code = refuse_old(writer, diags);
	if (!code)
		code = create_shards(writer, options, diags);
	if (code)
		ck_writer_close(writer);
	else
		*ret_writer = writer;
	return code;
}

enum ck_code ck_writer_put(struct ck_writer *writer, uint32_t shard, uint64_t offset, const void *bytes, size_t n, struct ck_diags *diags)
{
	CK_ASSERT(shard < writer->n_shards && !writer->is_link[shard]);
	CK_ASSERT(offset <= writer->sizes[shard] && n <= writer->sizes[shard] - offset);
	/* File systems let one thread at a time write into a file: others would spin in the kernel. */
	pthread_mutex_lock(&writer->locks[shard]);
	bool good = ck_pwrite_all(writer->shards[shard].fd, bytes, n, offset);
	int error = errno;
	pthread_mutex_unlock(&writer->locks[shard]);
	errno = error;
	return good ? CK_OK : ck_error_io(diags, "write", ck_str(writer->shards[shard].final));
}

int ck_writer_fd(const struct ck_writer *writer, uint32_t shard)
{
	CK_ASSERT(shard < writer->n_shards);
	return writer->shards[shard].fd;
}

/* Writes the index under its temporary name. */
static enum ck_code write_index(struct ck_writer *writer, const struct ck_writer_entry *entries, size_t n_entries,
				struct ck_diags *diags, uint8_t ret_digest[CK_SHA256])
{
	struct file *file = &writer->shards[writer->n_shards];
	struct ck_buf bytes = {0};
	enum ck_code code = ck_index_encode(entries, n_entries, writer->n_shards, &bytes, diags);
	if (!code && !ck_sha256(ck_buf_view(&bytes), ret_digest))
		code = ck_error_nomem(diags);
	if (!code)
		code = create(writer, file, CK_STR(".index"), CK_STR(""), CK_LINK_HARD, diags);
	if (!code && !ck_pwrite_all(file->fd, bytes.p, bytes.n, 0))
		code = ck_error_io(diags, "write", ck_str(file->final));
	ck_buf_clear(&bytes);
	return code;
}

static enum ck_code sync_dir(struct ck_writer *writer, struct ck_diags *diags)
{
	if (!writer->sync)
		return CK_OK;
	int fd = ck_open_dir(writer->dir.p);
	bool good = fd >= 0 && ck_sync(fd);
	int error = errno;
	ck_close(fd);
	errno = error;
	return good ? CK_OK : ck_error_io(diags, "sync the folder", writer->dir);
}

static enum ck_code sync_files(struct ck_writer *writer, struct ck_diags *diags)
{
	for (size_t i = 0; i <= writer->n_shards; i++) {
		if (writer->sync && !ck_sync(writer->shards[i].fd))
			return ck_error_io(diags, "sync", ck_str(writer->shards[i].final));
	}
	return CK_OK;
}

static enum ck_code move(struct file *file, struct ck_diags *diags)
{
	const char *from = file->is_old ? file->final : file->temporary, *to = file->is_old ? file->temporary : file->final;
	file->begun = true;	/* before it: a signal may come between */
	if (ck_rename(from, to))
		return CK_OK;
	file->begun = false;
	return ck_error_io(diags, file->is_old ? "move aside" : "give its name to", ck_str(file->final));
}

/* The old output aside, its index first; the new data; when all that is on disk, the new index; then what tells about it. */
static enum ck_code move_all(struct ck_writer *writer, struct ck_diags *diags)
{
	enum ck_code code = ck_companion_hide(&writer->companion, diags);
	for (size_t i = 0; i < writer->n_old && !code; i++)
		code = move(&writer->old[i], diags);
	for (size_t i = 0; i < writer->n_shards && !code; i++)
		code = move(&writer->shards[i], diags);
	if (!code)
		code = sync_dir(writer, diags);
	if (!code)
		code = move(&writer->shards[writer->n_shards], diags);
	if (!code)
		code = sync_dir(writer, diags);
	return code ? code : ck_companion_show(&writer->companion, diags);
}

enum ck_code ck_writer_index(struct ck_writer *writer, const struct ck_writer_entry *entries, size_t n_entries, struct ck_diags *diags,
			     uint8_t ret_digest[CK_SHA256])
{
	CK_ASSERT(!writer->committed && !writer->shards[writer->n_shards].exists);
	enum ck_code code = write_index(writer, entries, n_entries, diags, ret_digest);
	return code ? code : sync_files(writer, diags);
}

enum ck_code ck_writer_commit(struct ck_writer *writer, const struct ck_companion *companion, struct ck_diags *diags)
{
	CK_ASSERT(!writer->committed && writer->shards[writer->n_shards].exists);
	/* Again: another process may have written here since. */
	enum ck_code code = refuse_old(writer, diags);
	if (!code && companion)
		code = make_dirs(writer, ck_path_dir(writer->arena, companion->path), diags);
	if (!code)
		code = ck_companion_write(&writer->companion, companion, writer->sync, writer->arena, diags);
	if (!code)
		code = move_all(writer, diags);
	writer->committed = !code;
	undo(writer);
	return code;
}
