/*
 * Media that wrapped keys are kept on: memory sticks that the room brings and
 * says where. What is written is read back; what is read is compared with the
 * transcript's hash before anything is done with it. In a rehearsal they are
 * directories beside the ceremony's own. Next: step_backup.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "pkcs11/backup.h"

static bool
is_directory(const char *path)
{
	struct stat st;

	return path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What a practice officer answers: DIR/media/1, made when it is missing. */
static enum err
practice_medium(const struct ceremony *c, unsigned int medium,
    char out[PATH_MAX])
{
	char name[24], dir[PATH_MAX];

	snprintf(name, sizeof(name), "media/%u", medium);
	TRY(path_join(c->dir, name, dir, sizeof(dir)));
	if (c->mode == MODE_REHEARSAL)
		TRY(dir_make(dir, 0700));
	if (realpath(dir, out) == NULL)
		out[0] = '\0';
	return ERR_OK;
}

/* Once for each medium: where it is. */
static enum err
ask_where(struct ceremony *c, unsigned int medium)
{
	char practice[PATH_MAX] = "", text[128];
	struct question q = { .text = text, .practice = practice };

	if (c->media[medium - 1][0] != '\0')
		return ERR_OK;
	TRY(practice_medium(c, medium, practice));
	snprintf(text, sizeof(text), phrase(c->console->language,
	    "medium %u: the directory where it is mounted"), medium);
	for (;;) {
		AUTO_DONE(bytes) line = { 0 };

		TRY(attend_ask(c, &q, &line));
		if (line.len < PATH_MAX && is_directory(bytes_text(&line))) {
			memcpy(c->media[medium - 1], bytes_text(&line),
			    line.len + 1);
			return ERR_OK;
		}
		ceremony_say(c, "  no directory is there");
	}
}

static enum err
path_of(struct ceremony *c, unsigned int medium, const char *label,
    char out[PATH_MAX])
{
	char name[48];

	TRY(ask_where(c, medium));
	snprintf(name, sizeof(name), "%s.wrapped", label);
	return path_join(c->media[medium - 1], name, out, PATH_MAX);
}

enum err
medium_read(struct ceremony *c, unsigned int medium, const char *label,
    const struct hash *wanted, struct bytes *out)
{
	char path[PATH_MAX];
	struct hash h;

	TRY(path_of(c, medium, label, path));
	bytes_reset(out);
	TRY(file_read(path, WRAPPED_MAX, out));
	h = sha256(bytes_view(out));
	return view_equal(VIEW_OF(h.at), VIEW_OF(wanted->at)) ? ERR_OK :
	    err_because(ERR_MISMATCH, "medium %u: what it has of %s is not "
	    "what was wrapped", medium, label);
}

enum err
medium_write(struct ceremony *c, unsigned int medium, const char *label,
    struct view wrapped)
{
	AUTO_DONE(bytes) again = { 0 };
	struct hash h = sha256(wrapped);
	char path[PATH_MAX];

	TRY(path_of(c, medium, label, path));
	/* a step that is done again may find what the crash left */
	TRY(c->begun ? file_replace(path, wrapped, 0600) :
	    file_create(path, wrapped, 0600));
	return medium_read(c, medium, label, &h, &again);
}

/* Memory sticks keep what was removed: the last one shreds them. */
enum err
medium_remove(struct ceremony *c, unsigned int medium, const char *label,
    const struct hash *wanted)
{
	AUTO_DONE(bytes) was = { 0 };
	char path[PATH_MAX];

	TRY(path_of(c, medium, label, path));
	if (c->begun && !file_exists(path))	/* before the crash */
		return ERR_OK;
	TRY(medium_read(c, medium, label, wanted, &was));
	if (unlink(path) == -1)
		return err_system("%s: unlink", path);
	TRY(dir_sync_of(path));
	return !file_exists(path) ? ERR_OK : err_because(ERR_SYSTEM,
	    "%s: it is still there after it was removed", path);
}
