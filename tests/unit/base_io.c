#include "bundle/base/io.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/ckmig-io-XXXXXX";
static struct ck_arena *arena;
static enum ck_seam faulty;
static int n_before_fault;

static int fault_once(enum ck_seam seam)
{
	return seam == faulty && n_before_fault-- == 0 ? EIO : 0;
}

static void set_up(void)
{
	arena = ck_arena_new((size_t)64 << 20);
	cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
	char command[64];
	ck_seam_fault = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
	ck_arena_free(arena);
}

TestSuite(base_io, .init = set_up, .fini = tear_down);

static const char *path_of(const char *name)
{
	return ck_path_join(arena, ck_str(folder), ck_str(name)).p;
}

static size_t count_files(void)
{
	struct ck_str *names;
	size_t n;
	cr_assert(ck_list_dir(folder, arena, &names, &n));
	return n;
}

Test(base_io, writes_reads_lists)
{
	struct ck_str got, *names;
	struct ck_stat found;
	size_t n;
	cr_assert(ck_mkdirs(path_of("b/c//d/")));
	cr_assert(ck_mkdirs(path_of("b")));
	cr_assert(ck_write_file(path_of("b/c/file"), CK_STR("x\0y"), true));
	cr_assert(ck_write_file(path_of("b/c/file"), CK_STR("a\0bc"), false), "an existing file is replaced");
	cr_assert(ck_read_file(path_of("b/c/file"), 4, arena, &got));
	cr_assert(ck_str_equal(got, CK_STR("a\0bc")) && got.p[4] == '\0');
	cr_assert(!ck_read_file(path_of("b/c/file"), 3, arena, &got) && errno == EFBIG);
	cr_assert(!ck_read_file(path_of("b/none"), 3, arena, &got) && errno == ENOENT);
	cr_assert(!ck_read_file(path_of("b"), 3, arena, &got) && errno == EISDIR);
	cr_assert(ck_list_dir(path_of("b/c"), arena, &names, &n));
	cr_assert(n == 2 && ck_str_equal(names[0], CK_STR("d")) && ck_str_equal(names[1], CK_STR("file")));
	cr_assert(ck_stat_path(path_of("b/c/file"), &found) && found.is_file && found.size == 4 && found.mtime_ns > 0);
	cr_assert(ck_stat_path(path_of("b/none"), &found) && !found.exists);
	cr_assert(ck_stat_path(path_of("b/c/file/below"), &found) && !found.exists);
	cr_assert(!ck_mkdirs(path_of("b/c/file")) && errno == ENOTDIR);
	cr_assert_lt(ck_open_create(path_of("b/c/file")), 0);
	cr_assert_eq(errno, EEXIST);
}

Test(base_io, offsets_and_ranges)
{
	enum { N = 3000000 };
	char *bytes = malloc(N), *back = calloc(N, 1);
	for (size_t i = 0; i < N; i++)
		bytes[i] = (char)(i * 31 + (i >> 12));
	int from = ck_open_create(path_of("from")), to = ck_open_create(path_of("to"));
	cr_assert(from >= 0 && to >= 0);
	cr_assert(ck_pwrite_all(from, bytes, N, 10));
	cr_assert(ck_copy_range(from, 11, to, 5, N - 1));
	cr_assert(ck_pread_all(to, back, N - 1, 5));
	cr_assert_eq(memcmp(back, bytes + 1, N - 1), 0);
	cr_assert(!ck_copy_range(from, 11, to, 5, N) && errno == EIO, "beyond the end");
	cr_assert(!ck_pread_all(to, back, 10, N) && errno == EIO, "beyond the end");
	cr_assert(!ck_pread_all(to, back, 10, UINT64_MAX - 5) && errno == EOVERFLOW);
	cr_assert(ck_pread_all(to, back, 0, 1 << 30), "nothing can be read anywhere");

	/* A pipe takes the plain way, which cannot write at an offset, but must say so. */
	int ends[2];
	cr_assert_eq(pipe(ends), 0);
	cr_assert(!ck_copy_range(from, 10, ends[1], 0, 100) && errno == ESPIPE);
	/* In an append-only file copy_file_range fails by EBADF; the plain way does it. */
	int append = open(path_of("append"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	cr_assert(ck_copy_range(from, 10, append, 0, 100));
	struct ck_stat found;
	cr_assert(ck_stat_fd(append, &found) && found.size == 100);
	int reserved = ck_open_create(path_of("reserved"));
	cr_assert(ck_reserve(reserved, 7) && ck_stat_fd(reserved, &found) && found.size == 7);
	cr_assert(!ck_reserve(reserved, (uint64_t)1 << 62) && errno == EFBIG);
	int fds[] = {from, to, append, reserved, ends[0], ends[1], -1};
	for (size_t i = 0; i < CK_COUNT(fds); i++)
		ck_close(fds[i]);
	free(bytes);
	free(back);
}

static void tell_lines(void *n_lines, struct ck_buf *out)
{
	for (size_t i = 0; i < *(const size_t *)n_lines; i++) {
		ck_buf_printf(out, "line %zu\n", i);
		ck_buf_relieve(out);
	}
}

Test(base_io, long_texts_are_written_as_they_are_made)
{
	size_t n_lines = 50000, n_none = 0;
	struct ck_buf whole = {0};
	struct ck_str got;
	tell_lines(&n_lines, &whole);
	cr_assert(!whole.failed && whole.n > 500000, "without a drain it all stays");
	cr_assert(ck_write_file_text(path_of("long"), (struct ck_text){tell_lines, &n_lines}, true));
	cr_assert(ck_read_file(path_of("long"), 1 << 20, arena, &got));
	cr_assert(ck_str_equal(got, ck_buf_view(&whole)));
	cr_assert(ck_write_file_text(path_of("none"), (struct ck_text){tell_lines, &n_none}, false));
	cr_assert(ck_read_file(path_of("none"), 1 << 20, arena, &got) && got.n == 0);
	/* When the disk is full half way nothing stays, and the reason is told. */
	faulty = CK_SEAM_WRITE;
	n_before_fault = 5;
	ck_seam_fault = fault_once;
	cr_assert_not(ck_write_file_text(path_of("full"), (struct ck_text){tell_lines, &n_lines}, true));
	cr_assert_eq(errno, EIO);
	faulty = CK_SEAM_ALLOC;
	n_before_fault = 1;
	cr_assert_not(ck_write_file_text(path_of("full"), (struct ck_text){tell_lines, &n_lines}, true));
	cr_assert_eq(errno, ENOMEM);
	ck_seam_fault = NULL;
	cr_assert_eq(count_files(), 2);
	ck_buf_clear(&whole);
}

Test(base_io, every_fault_of_a_write_leaves_nothing)
{
	static const enum ck_seam seams[] = {CK_SEAM_ALLOC, CK_SEAM_OPEN, CK_SEAM_WRITE, CK_SEAM_SYNC, CK_SEAM_RENAME};
	const char *path = path_of("out");
	for (size_t i = 0; i < CK_COUNT(seams); i++) {
		faulty = seams[i];
		n_before_fault = 0;
		ck_seam_fault = fault_once;
		bool good = ck_write_file(path, CK_STR("text"), true);
		ck_seam_fault = NULL;
		cr_assert_not(good, "seam %zu", i);
		cr_assert_eq(errno, faulty == CK_SEAM_ALLOC ? ENOMEM : EIO, "seam %zu", i);
		cr_assert_eq(count_files(), 0, "seam %zu", i);
	}
	/* The sync of the folder comes after the rename: whole, though perhaps not safe from a power cut. */
	faulty = CK_SEAM_SYNC;
	n_before_fault = 1;
	ck_seam_fault = fault_once;
	cr_assert_not(ck_write_file(path, CK_STR("text"), true));
	ck_seam_fault = NULL;
	cr_assert_eq(count_files(), 1);
}

Test(base_io, each_call_asks_the_seam)
{
	struct ck_stat found;
	struct ck_str got, *names;
	size_t n;
	char byte;
	cr_assert(ck_write_file(path_of("f"), CK_STR("x"), false));
	const char *path = path_of("f"), *other = path_of("g");
	int fd = ck_open_read(path);
	ck_seam_fault = fault_once;
#define FAILS(seam, call) (faulty = (seam), n_before_fault = 0, errno = 0, !(call) && errno == EIO)
	cr_assert(FAILS(CK_SEAM_OPEN, ck_open_read(path) >= 0));
	cr_assert(FAILS(CK_SEAM_OPEN, ck_open_dir(folder) >= 0));
	cr_assert(FAILS(CK_SEAM_READ, ck_pread_all(fd, &byte, 1, 0)));
	cr_assert(FAILS(CK_SEAM_READ, ck_read_file(path, 9, arena, &got)));
	cr_assert(FAILS(CK_SEAM_READ, ck_list_dir(folder, arena, &names, &n)));
	cr_assert(FAILS(CK_SEAM_WRITE, ck_copy_range(fd, 0, fd, 0, 1)));
	cr_assert(FAILS(CK_SEAM_WRITE, ck_reserve(fd, 0)));
	cr_assert(FAILS(CK_SEAM_STAT, ck_stat_path(path, &found)));
	cr_assert(FAILS(CK_SEAM_STAT, ck_stat_fd(fd, &found)));
	cr_assert(FAILS(CK_SEAM_RENAME, ck_rename(path, other)));
	cr_assert(FAILS(CK_SEAM_LINK, ck_link(path, other)));
	cr_assert(FAILS(CK_SEAM_UNLINK, ck_unlink(path)));
	cr_assert(FAILS(CK_SEAM_MKDIR, ck_mkdirs(other)));
	ck_seam_fault = NULL;
	cr_assert(ck_link(path, other) && ck_unlink(path) && ck_rename(other, path));
	ck_close(fd);
}

Test(base_io, paths)
{
	static const struct {
		const char *path, *dir, *base;
	} rows[] = {
		{"a/b", "a", "b"}, {"b", ".", "b"}, {"/b", "/", "b"}, {"a/b/", "a", "b"}, {"a//b", "a", "b"},
		{"/", "/", ""}, {"", ".", ""}, {"../x.index", "..", "x.index"},
	};
	for (size_t i = 0; i < CK_COUNT(rows); i++) {
		struct ck_str dir = ck_path_dir(arena, ck_str(rows[i].path)), base = ck_path_base(ck_str(rows[i].path));
		cr_assert(ck_str_equal(dir, ck_str(rows[i].dir)), "%s: %.*s", rows[i].path, CK_STR_ARG(dir));
		cr_assert(ck_str_equal(base, ck_str(rows[i].base)), "%s: %.*s", rows[i].path, CK_STR_ARG(base));
	}
	cr_assert_str_eq(ck_path_join(arena, CK_STR("a"), CK_STR("b")).p, "a/b");
	cr_assert_str_eq(ck_path_join(arena, CK_STR("a/"), CK_STR("b")).p, "a/b");
	cr_assert_str_eq(ck_path_join(arena, CK_STR("."), CK_STR("b")).p, "b");
	cr_assert_str_eq(ck_path_join(arena, CK_STR("a"), CK_STR("/b")).p, "/b");
}

/* FIPS 180-4's example "abc" and the empty message. */
Test(base_io, sha256)
{
	uint8_t digest[CK_SHA256];
	char text[2 * CK_SHA256 + 1];
	cr_assert(ck_sha256(CK_STR("abc"), digest));
	ck_hex(digest, text);
	cr_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	cr_assert(ck_sha256((struct ck_str){NULL, 0}, digest));
	ck_hex(digest, text);
	cr_assert_str_eq(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
