/*
 * Where the files of a published log are: a directory, a web server, memory.
 * Paths are relative, of the log's own alphabet ("tile/0/x001/234.p/7").
 */
#ifndef OKSE_AUDIT_FILES_H
#define OKSE_AUDIT_FILES_H

#include "audit/tile.h"

enum files_kind { FILES_REGULAR, FILES_DIR, FILES_OTHER };

/* A name in a directory; it may hold any byte but '/'. */
typedef enum err files_each(void *context, const char *name,
    enum files_kind kind);

struct log_files {
	/* Appends a file: ERR_NOT_FOUND, ERR_TOO_LARGE over max, … */
	enum err	(*read)(void *arg, const char *path, size_t max,
	    struct bytes *out);
	/*
	 * What a directory ("" is the top) holds, nothing when it is not
	 * there; stops at an error of each and returns it. NULL: the medium
	 * cannot tell.
	 */
	enum err	(*list)(void *arg, const char *path, files_each *each,
	    void *context);
	void		*arg;
};

/* Files below a directory; *dir must stay open. Links are not followed. */
struct log_files log_files_dir(int *dir);

/* Tiles read from these files, which must stay. */
struct tile_source log_files_tiles(const struct log_files *f);

#endif
