/*
 * Directories and web servers alike. Either may be an attacker's: lengths are
 * bounded where files are read, meaning is the caller's. Next: web.c,
 * audit/files.h.
 */
#include "cli/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "cli/web.h"

struct place {
	int			 dir;	/* -1: a web server */
	struct web		*web;
	struct log_files	 files;
};

void
place_free(struct place *p)
{
	if (p == NULL)
		return;
	fd_close(&p->dir);
	web_close(p->web);
	mem_free(p);
}

static enum err
open_directory(const char *path, struct place *p)
{
	p->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir == -1 && (errno == ENOENT || errno == ENOTDIR))
		return err_because(ERR_NOT_FOUND, "no such directory");
	if (p->dir == -1)
		return err_system("open");
	p->files = log_files_dir(&p->dir);
	return ERR_OK;
}

enum err
place_open(const char *text, struct place **out_place)
{
	AUTO(place) p = mem_new(1, sizeof(*p));

	if (p == NULL)
		return err_because(ERR_MEMORY, "no memory for a place");
	p->dir = -1;
	if (web_is_address(text)) {
		TRY(web_open(text, &p->web));
		p->files = web_files(p->web);
	} else {
		TRY(open_directory(text, p));
	}
	*out_place = STEAL(p);
	return ERR_OK;
}

const struct log_files *
place_files(const struct place *p)
{
	return &p->files;
}
