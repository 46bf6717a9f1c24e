#include "bundle/base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* One system call moves at most this much: Linux stops a little short of 2 GiB anyway. */
#define MAX_CALL ((size_t)1 << 30)
#define COPY_BUFFER ((size_t)1 << 20)

int (*ck_seam_fault)(enum ck_seam seam);

/* True, with errno set, when a test wants this call to fail. */
static bool fault(enum ck_seam seam)
{
	int error = ck_seam_fault ? ck_seam_fault(seam) : 0;
	if (error)
		errno = error;
	return error != 0;
}

static int open_file(const char *path, int flags)
{
	if (fault(CK_SEAM_OPEN))
		return -1;
	int fd;
	do
		fd = open(path, flags | O_CLOEXEC, 0666);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int ck_open_read(const char *path)
{
	return open_file(path, O_RDONLY);
}

int ck_open_create(const char *path)
{
	return open_file(path, O_RDWR | O_CREAT | O_EXCL);
}

int ck_open_dir(const char *path)
{
	return open_file(path, O_RDONLY | O_DIRECTORY);
}

/* Offsets of the kernel are signed. */
static bool offset_fits(uint64_t offset, uint64_t n)
{
	uint64_t end;
	if (ck_add(offset, n, &end) && end <= INT64_MAX)
		return true;
	errno = EOVERFLOW;
	return false;
}

bool ck_pread_all(int fd, void *bytes, size_t n, uint64_t offset)
{
	if (!offset_fits(offset, n) || fault(CK_SEAM_READ))
		return false;
	for (size_t done = 0; done < n;) {
		size_t part = n - done < MAX_CALL ? n - done : MAX_CALL;
		ssize_t got = pread(fd, (char *)bytes + done, part, (off_t)(offset + done));
		if (got == 0)
			errno = EIO;
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

bool ck_pwrite_all(int fd, const void *bytes, size_t n, uint64_t offset)
{
	if (!offset_fits(offset, n) || fault(CK_SEAM_WRITE))
		return false;
	for (size_t done = 0; done < n;) {
		size_t part = n - done < MAX_CALL ? n - done : MAX_CALL;
		ssize_t put = pwrite(fd, (const char *)bytes + done, part, (off_t)(offset + done));
		if (put < 0 && errno != EINTR)
			return false;
		done += put > 0 ? (size_t)put : 0;
	}
	return true;
}

static bool copy_buffered(int from, uint64_t from_offset, int to, uint64_t to_offset, uint64_t n)
{
	char *buffer = ck_alloc(COPY_BUFFER);
	if (!buffer) {
		errno = ENOMEM;
		return false;
	}
	bool good = true;
	for (uint64_t done = 0; good && done < n;) {
		size_t part = n - done < COPY_BUFFER ? (size_t)(n - done) : COPY_BUFFER;
		good = ck_pread_all(from, buffer, part, from_offset + done) &&
		       ck_pwrite_all(to, buffer, part, to_offset + done);
		done += part;
	}
	ck_free(buffer);
	return good;
}

bool ck_copy_range(int from, uint64_t from_offset, int to, uint64_t to_offset, uint64_t n)
{
	if (!offset_fits(from_offset, n) || !offset_fits(to_offset, n) || fault(CK_SEAM_WRITE))
		return false;
	for (uint64_t done = 0; done < n;) {
		off_t in = (off_t)(from_offset + done), out = (off_t)(to_offset + done);
		size_t part = n - done < MAX_CALL ? (size_t)(n - done) : MAX_CALL;
		ssize_t moved = copy_file_range(from, &in, to, &out, part, 0);
		if (moved < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG))
			return false;
		/* Other errors (and 0, which some file systems give early) mean "not here": the plain way tells the truth. */
		if (moved == 0 || (moved < 0 && errno != EINTR))
			return copy_buffered(from, from_offset + done, to, to_offset + done, n - done);
		done += moved > 0 ? (uint64_t)moved : 0;
	}
	return true;
}

bool ck_clone(int from, int to)
{
	return !fault(CK_SEAM_LINK) && ioctl(to, FICLONE, from) == 0;
}

bool ck_reserve(int fd, uint64_t size)
{
	if (!offset_fits(0, size) || fault(CK_SEAM_WRITE))
		return false;
	int result = size ? -1 : 0;
	while (size && (result = fallocate(fd, 0, 0, (off_t)size)) < 0 && errno == EINTR)
		;
	if (result == 0 || errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		return result == 0;
	/* Not every file system can. */
	do
		result = ftruncate(fd, (off_t)size);
	while (result < 0 && errno == EINTR);
	return result == 0;
}

bool ck_sync(int fd)
{
	if (fault(CK_SEAM_SYNC))
		return false;
	int result;
	do
		result = fsync(fd);
	while (result < 0 && errno == EINTR);
	/* Some file systems cannot sync folders, and say so by EINVAL. */
	return result == 0 || errno == EINVAL;
}

bool ck_rename(const char *from, const char *to)
{
	return !fault(CK_SEAM_RENAME) && rename(from, to) == 0;
}

bool ck_link(const char *from, const char *to)
{
	/* Of a symbolic link, what it leads to: another name of the link itself would lead elsewhere. */
	return !fault(CK_SEAM_LINK) && linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) == 0;
}

bool ck_unlink(const char *path)
{
	return !fault(CK_SEAM_UNLINK) && unlink(path) == 0;
}

static bool make_dir(const char *path)
{
	if (fault(CK_SEAM_MKDIR))
		return false;
	if (mkdir(path, 0777) == 0)
		return true;
	struct stat found;
	int error = errno;
	if (error == EEXIST && stat(path, &found) == 0 && S_ISDIR(found.st_mode))
		return true;
	errno = error == EEXIST ? ENOTDIR : error;
	return false;
}

bool ck_mkdirs(const char *path)
{
	struct ck_buf copy = {0};
	ck_buf_bytes(&copy, path, strlen(path) + 1);
	bool good = !copy.failed;
	if (!good)
		errno = ENOMEM;
	for (size_t i = 1; good && i + 1 < copy.n; i++) {
		if (copy.p[i] != '/' || copy.p[i - 1] == '/')
			continue;
		struct stat found;
		copy.p[i] = '\0';
		good = stat(copy.p, &found) == 0 || make_dir(copy.p);
		copy.p[i] = '/';
	}
	good = good && make_dir(copy.p);
	ck_buf_clear(&copy);
	return good;
}

void ck_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void take_stat(const struct stat *from, struct ck_stat *ret_stat)
{
	*ret_stat = (struct ck_stat){
		.exists = true,
		.is_dir = S_ISDIR(from->st_mode),
		.is_file = S_ISREG(from->st_mode),
		.size = (uint64_t)from->st_size,
		.device = (uint64_t)from->st_dev,
		.inode = (uint64_t)from->st_ino,
		.mtime_ns = (int64_t)from->st_mtim.tv_sec * 1000000000 + from->st_mtim.tv_nsec,
	};
}

bool ck_stat_path(const char *path, struct ck_stat *ret_stat)
{
	struct stat found;
	if (fault(CK_SEAM_STAT))
		return false;
	if (stat(path, &found) == 0) {
		take_stat(&found, ret_stat);
		return true;
	}
	*ret_stat = (struct ck_stat){0};
	return errno == ENOENT || errno == ENOTDIR;
}

bool ck_stat_fd(int fd, struct ck_stat *ret_stat)
{
	struct stat found;
	if (fault(CK_SEAM_STAT) || fstat(fd, &found) != 0)
		return false;
	take_stat(&found, ret_stat);
	return true;
}
