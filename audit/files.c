/*
 * The files of a log in a directory. Names and contents are an attacker's;
 * nothing is followed out of the directory. Next in the flow: verify.c.
 */
#include "audit/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static void
close_dir(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
}
#define AUTO_DIR __attribute__((cleanup(close_dir))) DIR

/* *out_dir is NULL when there is no such directory. */
static enum err
open_dir(int at, const char *path, DIR **out_dir)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);

	*out_dir = NULL;
	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ?
		    ERR_OK : err_system("%s: open", path);
	if ((*out_dir = fdopendir(fd)) == NULL) {
		enum err e = err_system("%s: fdopendir", path);

		close(fd);
		return e;
	}
	return ERR_OK;
}

static enum files_kind
kind_of(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return FILES_OTHER;
	return S_ISREG(st.st_mode) ? FILES_REGULAR :
	    S_ISDIR(st.st_mode) ? FILES_DIR : FILES_OTHER;
}

static enum err
list_dir(void *arg, const char *path, files_each *each, void *context)
{
	AUTO_DIR *d = NULL;

	TRY(open_dir(*(const int *)arg, *path != '\0' ? path : ".", &d));
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			TRY(each(context, e->d_name, kind_of(dirfd(d),
			    e->d_name)));
	return ERR_OK;
}

static enum err
read_dir(void *arg, const char *path, size_t max, struct bytes *out)
{
	return file_read_at(*(const int *)arg, path, max, out);
}

struct log_files
log_files_dir(int *dir)
{
	return (struct log_files){ .read = read_dir, .list = list_dir,
		.arg = dir };
}

static enum err
read_tile(void *arg, struct tile_id id, struct bytes *out)
{
	const struct log_files *f = arg;

	return tile_fetch(f->read, f->arg, id, out);
}

struct tile_source
log_files_tiles(const struct log_files *f)
{
	return (struct tile_source){ .read = read_tile,
		.arg = (void *)(uintptr_t)f };
}
