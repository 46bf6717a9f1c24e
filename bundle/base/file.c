/* Whole files, folders, paths and digests: what is made of the calls in io.c. */
#include <dirent.h>
#include <errno.h>
/* Its digests by name have been deprecated since. */
#define OPENSSL_API_COMPAT 10100
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle/base/io.h"

static int compare_names(const void *a, const void *b)
{
	return ck_str_compare(*(const struct ck_str *)a, *(const struct ck_str *)b);
}

bool ck_list_dir(const char *path, struct ck_arena *arena, struct ck_str **ret_names, size_t *ret_n)
{
	int fd = ck_open_dir(path);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		ck_close(fd);
		return false;
	}
	struct ck_str *names = NULL;
	size_t n = 0, capacity = 0;
	int error = ck_seam_fault ? ck_seam_fault(CK_SEAM_READ) : 0;
	while (!error) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry) {
			error = errno;
			break;
		}
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		struct ck_str name = ck_str_copy(arena, ck_str(entry->d_name));
		if (!name.p || !ck_arena_grow(arena, (void **)&names, n, &capacity, sizeof(*names)))
			error = ENOMEM;
		else
			names[n++] = name;
	}
	closedir(dir);
	errno = error;
	if (error)
		return false;
	if (n > 1)
		qsort(names, n, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_n = n;
	return true;
}

/* Appends everything up to the end of the file to buf. */
static bool read_to_end(int fd, size_t limit_bytes, struct ck_buf *buf)
{
	char part[1 << 16];
	int error = ck_seam_fault ? ck_seam_fault(CK_SEAM_READ) : 0;
	while (!error) {
		ssize_t got = read(fd, part, sizeof(part));
		if (got == 0)
			return true;
		if (got < 0) {
			error = errno == EINTR ? 0 : errno;
			continue;
		}
		if ((size_t)got > limit_bytes - buf->n) {
			error = EFBIG;
			continue;
		}
		ck_buf_bytes(buf, part, (size_t)got);
		error = buf->failed ? ENOMEM : 0;
	}
	errno = error;
	return false;
}

bool ck_read_file(const char *path, size_t limit_bytes, struct ck_arena *arena, struct ck_str *ret_bytes)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : ck_open_read(path);
	if (fd < 0)
		return false;
	struct ck_buf buf = {0};
	bool good = read_to_end(fd, limit_bytes, &buf);
	int error = errno;
	if (good) {
		struct ck_str bytes = ck_str_copy(arena, ck_buf_view(&buf));
		good = bytes.p != NULL;
		if (good)
			*ret_bytes = bytes;
		else
			error = ENOMEM;
	}
	ck_buf_clear(&buf);
	if (!is_stdin)
		ck_close(fd);
	errno = error;
	return good;
}

/* Syncs the folder of path, so that a rename in it survives a power cut. */
static bool sync_dir(const char *path)
{
	struct ck_buf dir = {0};
	struct ck_str whole = ck_str(path);
	size_t slash = ck_str_rfind(whole, '/');
	if (slash == whole.n)
		ck_buf_char(&dir, '.');
	else
		ck_buf_bytes(&dir, path, slash ? slash : 1);
	ck_buf_char(&dir, '\0');
	int fd = -1;
	if (dir.failed)
		errno = ENOMEM;
	else
		fd = ck_open_dir(dir.p);
	bool good = fd >= 0 && ck_sync(fd);
	int error = errno;
	ck_close(fd);
	ck_buf_clear(&dir);
	errno = error;
	return good;
}

enum { MAX_TRIES = 100 };

/* Creates a new file beside path; its name, with a NUL, is in ret_name. */
static int create_beside(const char *path, struct ck_buf *ret_name)
{
	for (int i = 0; i < MAX_TRIES; i++) {
		ret_name->n = 0;
		ck_buf_printf(ret_name, "%s.tmp-%ld-%d", path, (long)getpid(), i);
		ck_buf_char(ret_name, '\0');
		if (ret_name->failed) {
			errno = ENOMEM;
			return -1;
		}
		int fd = ck_open_create(ret_name->p);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

enum { BUFFER = 64 << 10 };	/* of a text; what is in it is written before it is full */

static bool into_file(struct ck_drain *drain, struct ck_str bytes)
{
	return ck_pwrite_all(drain->fd, bytes.p, bytes.n, drain->n_taken);
}

bool ck_write_text(int fd, struct ck_text text)
{
	struct ck_drain drain = {.take = into_file, .fd = fd};
	struct ck_buf out = {.drain = &drain};
	(void)ck_buf_room(&out, BUFFER);
	text.tell(text.context, &out);
	bool good = ck_buf_drain(&out);
	ck_buf_clear(&out);
	if (!good)
		errno = drain.error ? drain.error : ENOMEM;
	return good;
}

/* bytes, or a text if there is one. */
static bool write_new(const char *path, struct ck_str bytes, const struct ck_text *text, bool sync)
{
	struct ck_buf name = {0};
	int fd = create_beside(path, &name);
	bool good = fd >= 0 && (text ? ck_write_text(fd, *text) : ck_pwrite_all(fd, bytes.p, bytes.n, 0)) && (!sync || ck_sync(fd)) &&
		    ck_rename(name.p, path);
	int error = errno;
	/* unlink, not ck_unlink: clearing up must not fail because a test made a call fail. */
	if (fd >= 0 && !good)
		unlink(name.p);
	ck_close(fd);
	ck_buf_clear(&name);
	errno = error;
	return good && (!sync || sync_dir(path));
}

bool ck_write_file(const char *path, struct ck_str bytes, bool sync)
{
	return write_new(path, bytes, NULL, sync);
}

bool ck_write_file_text(const char *path, struct ck_text text, bool sync)
{
	return write_new(path, (struct ck_str){NULL, 0}, &text, sync);
}

static struct ck_str trim_slashes(struct ck_str path)
{
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	return path;
}

struct ck_str ck_path_dir(struct ck_arena *arena, struct ck_str path)
{
	path = trim_slashes(path);
	size_t slash = ck_str_rfind(path, '/');
	if (slash == path.n)
		return ck_str_copy(arena, CK_STR("."));
	struct ck_str dir = trim_slashes(ck_str_slice(path, 0, slash));
	return ck_str_copy(arena, dir.n ? dir : CK_STR("/"));
}

struct ck_str ck_path_base(struct ck_str path)
{
	path = trim_slashes(path);
	size_t slash = ck_str_rfind(path, '/');
	return slash == path.n ? path : ck_str_slice(path, slash + 1, path.n);
}

struct ck_str ck_path_join(struct ck_arena *arena, struct ck_str dir, struct ck_str name)
{
	if (dir.n == 0 || ck_str_equal(dir, CK_STR(".")) || ck_str_starts(name, CK_STR("/")))
		return ck_str_copy(arena, name);
	const char *slash = dir.p[dir.n - 1] == '/' ? "" : "/";
	struct ck_buf joined = {0};
	ck_buf_str(&joined, dir);
	ck_buf_bytes(&joined, slash, strlen(slash));
	ck_buf_str(&joined, name);
	struct ck_str path = joined.failed ? (struct ck_str){NULL, 0} : ck_str_copy(arena, ck_buf_view(&joined));
	ck_buf_clear(&joined);
	return path;
}

bool ck_sha256(struct ck_str bytes, uint8_t ret_digest[CK_SHA256])
{
	SHA256_CTX context;
	/* libcrypto finds the very same function by way of providers, names and locks, in more time than the digest takes. */
	return SHA256_Init(&context) && SHA256_Update(&context, bytes.p ? bytes.p : "", bytes.n) && SHA256_Final(ret_digest, &context);
}

void ck_hex(const uint8_t digest[CK_SHA256], char ret_text[2 * CK_SHA256 + 1])
{
	for (size_t i = 0; i < CK_SHA256; i++) {
		ret_text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		ret_text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	ret_text[2 * CK_SHA256] = '\0';
}
