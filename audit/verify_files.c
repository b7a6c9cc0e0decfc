/*
 * The files of a log directory against what its entries give. File names and
 * contents are an attacker's; nothing is followed out of the directory. Next
 * in the flow: verify_report.c.
 */
#include "audit/verify_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define DEPTH_MAX 16	/* tile/entries/x…: 7 groups of digits and .p */

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
		return errno == ENOENT ? ERR_OK : err_system("%s: open", path);
	if ((*out_dir = fdopendir(fd)) == NULL) {
		enum err e = err_system("%s: fdopendir", path);

		close(fd);
		return e;
	}
	return ERR_OK;
}

static uint64_t
first_difference(struct view a, struct view b)
{
	uint64_t i = 0;

	while (i < a.len && i < b.len && a.at[i] == b.at[i])
		i++;
	return i;
}

/* What a stored file shows: nothing, less, other or the same. */
static void
judge(struct verify_run *v, enum err e, const char *path, struct view derived)
{
	struct verify_place place = { path, VERIFY_NO_INDEX, VERIFY_NO_INDEX,
		VERIFY_NO_INDEX };
	struct view file = bytes_view(&v->file);
	struct verify_count *count = &v->result->count[VERIFY_TILES];
	enum verify_verdict verdict = VERIFY_TAMPERED;

	count->total++;
	if (e == ERR_OK && view_equal(file, derived)) {
		count->good++;
		return;
	}
	if (e == ERR_NOT_FOUND || e == ERR_CORRUPT) {
		verdict = VERIFY_INCOMPLETE;
	} else if (e == ERR_OK) {
		place.byte = first_difference(file, derived);
		(void)err_because(ERR_MISMATCH, "the entries give other "
		    "bytes");
		if (place.byte == file.len) {
			verdict = VERIFY_INCOMPLETE;
			(void)err_because(ERR_MISMATCH, "it ends early");
		}
	}
	verify_found(v->result, VERIFY_TILES, verdict, place);
}

static bool
is_fatal(enum err e)
{
	return e == ERR_MEMORY || e == ERR_SYSTEM;
}

static enum err
compare_leftover(struct verify_run *v, struct tile_id id, struct view derived)
{
	char path[TILE_PATH];
	enum err e;

	bytes_reset(&v->file);
	e = file_read_at(v->dir, tile_path(id, path), TILE_BUNDLE_MAX,
	    &v->file);
	if (is_fatal(e))
		return e;
	judge(v, e, path, derived);
	return ERR_OK;
}

enum err
verify_leftovers(struct verify_run *v, struct tile_id id, struct view derived,
    const size_t ends[TILE_WIDTH])
{
	struct tile_id part = { id.level, id.index, 1 };
	char path[TILE_PATH], name[TILE_PATH];
	AUTO_DIR *d = NULL;

	tile_path(part, path);
	*strrchr(path, '/') = '\0';
	TRY(open_dir(v->dir, path, &d));
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		if (snprintf(name, sizeof(name), "%s/%s", path, e->d_name) >=
		    (int)sizeof(name) ||
		    tile_path_get(view_text(name), &part) != ERR_OK ||
		    part.width >= id.width)
			continue;	/* verify_files() names the others */
		TRY(compare_leftover(v, part, VIEW(derived.at,
		    ends[part.width - 1])));
	}
	return ERR_OK;
}

enum err
verify_tile(struct verify_run *v, struct tile_id id, struct view derived,
    const size_t ends[TILE_WIDTH])
{
	char path[TILE_PATH];
	enum err e;

	bytes_reset(&v->file);
	e = v->source.read(v->source.arg, id, &v->file);
	if (is_fatal(e))
		return e;
	judge(v, e, tile_path(id, path), derived);
	return verify_leftovers(v, id, derived, ends);
}

/* ---- every file is accounted for */

static void
account(struct verify_run *v, const char *path, bool regular)
{
	struct verify_result *r = v->result;
	struct verify_place place = { path, VERIFY_NO_INDEX, VERIFY_NO_INDEX,
		VERIFY_NO_INDEX };
	struct view name = view_text(path);
	struct tile_id id;

	r->count[VERIFY_FILES].total++;
	if (regular && (view_is(name, "checkpoint") ||
	    view_is(name, "checkpoint.witnessed") ||
	    view_is(name, "log.vkey") || view_is(name, "log-ecdsa.vkey"))) {
		r->count[VERIFY_FILES].good++;
	} else if (regular && tile_path_get(name, &id) == ERR_OK) {
		r->count[VERIFY_FILES].good++;
		r->ahead += id.width > tile_width(id.level, id.index,
		    r->size);
	} else {
		r->foreign++;
		(void)err_because(ERR_SCHEMA, "not a file of the log");
		verify_found(r, VERIFY_FILES, VERIFY_VERIFIED, place);
	}
}

static enum err
walk(struct verify_run *v, DIR *d, const char *path, unsigned int depth)
{
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		char below[512];
		struct stat st;
		AUTO_DIR *child = NULL;

		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(below, sizeof(below), "%s%s%s", path,
		    *path != '\0' ? "/" : "", e->d_name) >=
		    (int)sizeof(below) || fstatat(dirfd(d), e->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == -1) {
			account(v, below, false);
			continue;
		}
		if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX) {
			account(v, below, S_ISREG(st.st_mode));
			continue;
		}
		TRY(open_dir(dirfd(d), e->d_name, &child));
		if (child != NULL)
			TRY(walk(v, child, below, depth + 1));
	}
	return ERR_OK;
}

enum err
verify_files(struct verify_run *v)
{
	AUTO_DIR *d = NULL;

	TRY(open_dir(v->dir, ".", &d));
	return d != NULL ? walk(v, d, "", 0) : ERR_OK;
}
