/*
 * Reading with a limit, and replacing so that a crash leaves the old or the
 * new. Paths come from the configuration or are made by us.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static enum err
read_all(int fd, const char *path, size_t max, struct bytes *out)
{
	size_t start = out->len;
	ssize_t n;

	do {
		size_t room = 65536;
		uint8_t *to = bytes_grow(out, room);

		if (to == NULL)
			return bytes_check(out);
		while ((n = read(fd, to, room)) == -1 && errno == EINTR)
			;
		out->len -= room - (n > 0 ? (size_t)n : 0);
		if (out->len - start > max) {
			out->len = start;
			return err_because(ERR_TOO_LARGE,
			    "%s: more than %zu bytes", path, max);
		}
	} while (n > 0);
	if (n == 0)
		return ERR_OK;
	out->len = start;
	return err_system("%s: read", path);
}

enum err
file_read_at(int dir, const char *name, size_t max, struct bytes *out)
{
	/* O_NONBLOCK: a FIFO put in a file's place must not hang its reader */
	AUTO_FD fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct stat st;

	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return err_because(ERR_NOT_FOUND, "%s: no such file", name);
	if (fd == -1 && (errno == ELOOP || errno == ENXIO))
		return err_because(ERR_NOT_FOUND, "%s: not a file", name);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_system("%s: open", name);
	if (!S_ISREG(st.st_mode))
		return err_because(ERR_NOT_FOUND, "%s: not a file", name);
	return read_all(fd, name, max, out);
}

enum err
file_read(const char *path, size_t max, struct bytes *out)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT)
		return err_because(ERR_NOT_FOUND, "%s: no such file", path);
	if (fd == -1)
		return err_system("%s: open", path);
	return read_all(fd, path, max, out);
}

enum err
fd_write(int fd, struct view v)
{
	while (v.len != 0) {
		ssize_t n = write(fd, v.at, v.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_system("write");
		v = VIEW(v.at + n, v.len - (size_t)n);
	}
	return ERR_OK;
}

/* Creates path with content; sync says whether it must survive power loss. */
static enum err
write_new(const char *path, struct view content, mode_t mode, bool sync)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	enum err e;

	if (fd == -1 && errno == EEXIST)
		return err_because(ERR_EXISTS, "%s: exists already", path);
	if (fd == -1)
		return err_system("%s: create", path);
	e = fd_write(fd, content);
	if (e == ERR_OK && sync && fsync(fd) == -1)
		e = err_system("%s: fsync", path);
	if (close(fd) == -1 && e == ERR_OK)
		e = err_system("%s: close", path);
	if (e != ERR_OK)
		unlink(path);
	return e;
}

enum err
dir_sync_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t n = slash != NULL ? (size_t)(slash - path) : 0;

	if (slash == NULL)
		return dir_sync(".");
	if (n >= sizeof(dir))
		return err_because(ERR_TOO_LARGE, "%s: path too long", path);
	memcpy(dir, path, n);
	dir[n] = '\0';
	return dir_sync(n == 0 ? "/" : dir);
}

static enum err
replace(const char *path, struct view content, mode_t mode, bool sync)
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >=
	    (int)sizeof(fresh))
		return err_because(ERR_TOO_LARGE, "%s: path too long", path);
	/* what a crash left behind here was never complete */
	if (unlink(fresh) == -1 && errno != ENOENT)
		return err_system("%s: unlink", fresh);
	TRY(write_new(fresh, content, mode, sync));
	if (rename(fresh, path) == -1)
		return err_system("%s: rename", path);
	return sync ? dir_sync_of(path) : ERR_OK;
}

enum err
file_replace(const char *path, struct view content, mode_t mode)
{
	return replace(path, content, mode, true);
}

enum err
file_publish(const char *path, struct view content, mode_t mode)
{
	return replace(path, content, mode, false);
}

enum err
file_create(const char *path, struct view content, mode_t mode)
{
	TRY(write_new(path, content, mode, true));
	return dir_sync_of(path);
}

enum err
dir_make(const char *path, mode_t mode)
{
	char part[PATH_MAX];

	for (const char *p = path; *p != '\0'; p++) {
		size_t n = (size_t)(p - path) + 1;

		if (n >= sizeof(part))
			return err_because(ERR_TOO_LARGE, "%s: path too long",
			    path);
		part[n - 1] = *p;
		part[n] = '\0';
		if (p[1] != '/' && p[1] != '\0')
			continue;
		if (mkdir(part, mode) == -1 && errno != EEXIST)
			return err_system("%s: mkdir", part);
	}
	return ERR_OK;
}

enum err
dir_sync(const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 || fsync(fd) == -1)
		return err_system("%s: fsync of the directory", path);
	return ERR_OK;
}

bool
file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

enum err
path_join(const char *dir, const char *name, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= size)
		return err_because(ERR_TOO_LARGE, "%s/%s: path too long", dir,
		    name);
	return ERR_OK;
}
