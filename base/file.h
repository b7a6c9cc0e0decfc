/*
 * Files. Descriptors are close-on-exec at birth. Durable writes fsync the
 * file and its directory and report both; an error of fsync is final (the
 * page cache may lie afterwards), so callers stop and never retry it.
 */
#ifndef OKSE_BASE_FILE_H
#define OKSE_BASE_FILE_H

#include <sys/types.h>

#include "base/bytes.h"

/* Scope-owned descriptor: AUTO_FD int fd = -1; */
void fd_close(int *fd);		/* closes unless -1, sets to -1, keeps errno */
#define AUTO_FD __attribute__((cleanup(fd_close))) int

/* All of a file of at most max bytes, appended; ERR_NOT_FOUND, ERR_TOO_LARGE */
[[nodiscard]] enum err file_read(const char *path, size_t max,
    struct bytes *out);
/* The same below a directory descriptor (no symbolic links followed). */
[[nodiscard]] enum err file_read_at(int dir, const char *name, size_t max,
    struct bytes *out);

/*
 * Replaces path: new file beside it, fsync, rename, fsync of the directory.
 * After a crash the old or the new content is there, whole.
 */
[[nodiscard]] enum err file_replace(const char *path, struct view content,
    mode_t mode);
/* As above without any fsync: whole after a crash of the process only. */
[[nodiscard]] enum err file_publish(const char *path, struct view content,
    mode_t mode);
/* Creates path, which must not exist (ERR_EXISTS), durably. */
[[nodiscard]] enum err file_create(const char *path, struct view content,
    mode_t mode);

/* Creates a directory and those above it; existing ones are fine. */
[[nodiscard]] enum err dir_make(const char *path, mode_t mode);
[[nodiscard]] enum err dir_sync(const char *path);
/* The directory that path is in. */
[[nodiscard]] enum err dir_sync_of(const char *path);

/* Writes all of it, through short writes and EINTR. */
[[nodiscard]] enum err fd_write(int fd, struct view v);

bool file_exists(const char *path);

/* dir "/" name, in a buffer of the caller; ERR_TOO_LARGE over PATH_MAX. */
[[nodiscard]] enum err path_join(const char *dir, const char *name,
    char *out, size_t size);

#endif
