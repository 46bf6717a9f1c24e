/* The seam for files: every system call on them, and the fault hook that tests install. */
#ifndef CK_BASE_IO_H
#define CK_BASE_IO_H

#include <sys/types.h>

#include "bundle/base/diag.h"

/* One row a kind of call that can be made to fail. */
enum ck_seam {
	CK_SEAM_ALLOC, CK_SEAM_OPEN, CK_SEAM_READ, CK_SEAM_WRITE, CK_SEAM_SYNC, CK_SEAM_RENAME, CK_SEAM_LINK, CK_SEAM_UNLINK,
	CK_SEAM_MKDIR, CK_SEAM_STAT, CK_SEAM_MAP,
};

/* When set, asked before each call: a non-zero errno makes the call fail with it. For tests only; not thread-safe to change. */
extern int (*ck_seam_fault)(enum ck_seam seam);

/* All return -1 (or NULL, false) with errno set on failure, restart on EINTR, and take NUL-terminated paths. */
int ck_open_read(const char *path);
int ck_open_create(const char *path);			/* read-write, O_EXCL, 0666 less umask */
int ck_open_dir(const char *path);			/* for ck_sync() of a folder */
CK_NODISCARD bool ck_pread_all(int fd, void *bytes, size_t n, uint64_t offset);	/* end of file counts as failure, errno EIO */
CK_NODISCARD bool ck_pwrite_all(int fd, const void *bytes, size_t n, uint64_t offset);
/* Moves n bytes between files inside the kernel where it can, through a small buffer otherwise. */
CK_NODISCARD bool ck_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, uint64_t n);
/* Lets an empty file share the blocks of another, where the file system can (Btrfs, XFS); counts as a link. */
CK_NODISCARD bool ck_clone(int from, int to);
/*
 * Gives an empty file its size, and its blocks where the file system can: a full disk shows at once, and writing takes half the
 * time of writing into a hole.
 */
CK_NODISCARD bool ck_reserve(int fd, uint64_t size);
CK_NODISCARD bool ck_sync(int fd);
CK_NODISCARD bool ck_rename(const char *from, const char *to);
CK_NODISCARD bool ck_link(const char *from, const char *to);
CK_NODISCARD bool ck_unlink(const char *path);
CK_NODISCARD bool ck_mkdirs(const char *path);		/* like mkdir -p */
void ck_close(int fd);					/* -1 is fine */

struct ck_stat {
	bool exists, is_dir, is_file;
	uint64_t size, device, inode;
	int64_t mtime_ns;
};

/* False only on errors other than "does not exist". */
CK_NODISCARD bool ck_stat_path(const char *path, struct ck_stat *ret_stat);
CK_NODISCARD bool ck_stat_fd(int fd, struct ck_stat *ret_stat);
/* Names in a folder, sorted by bytes, without "." and "..", in the arena. */
CK_NODISCARD bool ck_list_dir(const char *path, struct ck_arena *arena, struct ck_str **ret_names, size_t *ret_n);
/* The whole file in the arena, with a NUL after it; more than limit_bytes fails with EFBIG. path "-" is standard input. */
CK_NODISCARD bool ck_read_file(const char *path, size_t limit_bytes, struct ck_arena *arena, struct ck_str *ret_bytes);

/* A text that is made while it is written, however long: tell() appends all of it, and out->failed says that it could not. */
struct ck_text {
	void (*tell)(void *context, struct ck_buf *out);
	void *context;
};

/* All of it into an empty file. */
CK_NODISCARD bool ck_write_text(int fd, struct ck_text text);
/* Writes all of it to a temporary name beside path, syncs if asked, renames. */
CK_NODISCARD bool ck_write_file(const char *path, struct ck_str bytes, bool sync);
CK_NODISCARD bool ck_write_file_text(const char *path, struct ck_text text, bool sync);

/* The folder of a path ("." if none) and its last part, in the arena. */
struct ck_str ck_path_dir(struct ck_arena *arena, struct ck_str path);
struct ck_str ck_path_base(struct ck_str path);
struct ck_str ck_path_join(struct ck_arena *arena, struct ck_str dir, struct ck_str name);

/* SHA-256 by libcrypto. */
enum { CK_SHA256 = 32 };
CK_NODISCARD bool ck_sha256(struct ck_str bytes, uint8_t ret_digest[CK_SHA256]);
/* 64 lower-case hex digits and a NUL. */
void ck_hex(const uint8_t digest[CK_SHA256], char ret_text[2 * CK_SHA256 + 1]);

#endif
