/*
 * What keeps a closed period. What is archived is verified where it lies, time
 * stamp included; the log that it is copied from may be anybody's. Without its
 * quorum of witnesses it is archived only on request, and says so. Next:
 * timestamp.c, audit/verify.c.
 */
#include <limits.h>
#include <string.h>

#include "audit/fingerprint.h"
#include "audit/rotation.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/time.h"
#include "cli/commands.h"
#include "cli/place.h"
#include "cli/say.h"
#include "cli/timestamp.h"
#include "cli/trusted.h"

#define STAMP_MAX 65536

struct archive {
	const char		*dir;
	const struct log_files	*from;
	struct tile_source	 tiles;
	struct bytes		 sums;		/* of SHA256SUMS */
};

static void
archive_done(struct archive *r)
{
	bytes_done(&r->sums);
}

static enum err
keep(struct archive *r, const char *name, struct view content)
{
	char path[PATH_MAX], *slash;
	struct hash h = sha256(content);

	TRY(path_join(r->dir, name, path, sizeof(path)));
	slash = strrchr(path, '/');
	*slash = '\0';
	TRY(dir_make(path, 0755));
	*slash = '/';
	TRY(file_create(path, content, 0444));
	hex_put(&r->sums, VIEW_OF(h.at));
	bytes_printf(&r->sums, "  %s\n", name);
	return bytes_check(&r->sums);
}

/* A file of the log itself, below DIR/log. */
static enum err
keep_of_log(struct archive *r, const char *name, struct view content)
{
	char path[PATH_MAX];

	TRY(path_join("log", name, path, sizeof(path)));
	return keep(r, path, content);
}

static enum err
copy_tile(struct archive *r, struct tile_id id)
{
	AUTO_DONE(bytes) b = { 0 };
	char path[TILE_PATH];

	TRY(r->tiles.read(r->tiles.arg, id, &b));
	return keep_of_log(r, tile_path(id, path), bytes_view(&b));
}

/* All that a tree of this size consists of. */
static enum err
copy_tiles(struct archive *r, uint64_t size)
{
	for (int level = TILE_ENTRIES; level < TILE_LEVELS; level++) {
		uint64_t full = tile_full(level, size);
		unsigned int part = tile_partial(level, size);

		for (uint64_t i = 0; i < full; i++) {
			enum err e = copy_tile(r, (struct tile_id){ level, i,
			    TILE_WIDTH });

			/* whether entries may be absent, verifying says */
			if (level != TILE_ENTRIES || e != ERR_NOT_FOUND)
				TRY(e);
		}
		if (part != 0)
			TRY(copy_tile(r, (struct tile_id){ level, full,
			    part }));
	}
	return ERR_OK;
}

static enum err
copy_file(struct archive *r, const char *name)
{
	AUTO_DONE(bytes) b = { 0 };
	enum err e = r->from->read(r->from->arg, name, RECEIPT_MAX, &b);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	return keep_of_log(r, name, bytes_view(&b));
}

/* Who trusts a former key follows the log from it here as well. */
static enum err
copy_handovers(struct archive *r, const struct trust_policy *trust,
    uint64_t size)
{
	for (size_t i = 0; i < trust_log_count(trust); i++) {
		char path[ROTATION_PATH];

		if (trust_log(trust, i)->until < size)
			TRY(copy_file(r, rotation_path(
			    trust_log(trust, i)->key, path)));
	}
	return ERR_OK;
}

static enum err
keep_stamp(const struct arguments *a, struct archive *r, struct view note)
{
	const char *path = option_value(a, "stamp", NULL);
	const char *authority = option_value(a, "authority", NULL);
	AUTO_DONE(bytes) stamp = { 0 };
	char when[INSTANT_TEXT];
	int64_t time;

	if (path == NULL && authority == NULL)
		return ERR_OK;
	if (path == NULL || authority == NULL)
		return err_because(ERR_SCHEMA, "--stamp and --authority come "
		    "together");
	TRY(file_read(path, STAMP_MAX, &stamp));
	TRY(timestamp_verify(bytes_view(&stamp), note, authority, &time));
	complain("stamped at %s", instant_text(time, when));
	return keep(r, "checkpoint.tsr", bytes_view(&stamp));
}

/* A file that nobody who opens the archive overlooks. */
static enum err
mark_unwitnessed(const struct arguments *a, struct archive *r,
    const struct trust_seen *seen)
{
	if (seen->quorum_time != TRUST_NEVER)
		return ERR_OK;
	if (!option_given(a, "unwitnessed"))
		return err_because(ERR_UNWITNESSED, "no quorum of witnesses "
		    "has cosigned this checkpoint: wait for it (okse audit "
		    "periods), or archive it as it is with --unwitnessed");
	return keep(r, "UNWITNESSED", view_text("No quorum of witnesses had "
	    "cosigned log/checkpoint when this archive was made.\n"));
}

static enum err
fill(const struct arguments *a, struct archive *r, struct view note,
    const struct trust_policy *trust, const struct trust_seen *seen)
{
	char fingerprint[FINGERPRINT_TEXT], path[PATH_MAX];
	AUTO_DONE(bytes) line = { 0 };

	TRY(mark_unwitnessed(a, r, seen));
	TRY(keep_stamp(a, r, note));
	TRY(copy_tiles(r, seen->checkpoint.size));
	TRY(copy_file(r, "log.vkey"));
	TRY(copy_file(r, "log-ecdsa.vkey"));
	TRY(copy_handovers(r, trust, seen->checkpoint.size));
	bytes_printf(&line, "%s\n", fingerprint_text(seen->note.text,
	    fingerprint));
	TRY(keep(r, "fingerprint.txt", bytes_view(&line)));
	TRY(keep_of_log(r, "checkpoint", note));
	TRY(path_join(r->dir, "SHA256SUMS", path, sizeof(path)));
	TRY(file_create(path, bytes_view(&r->sums), 0444));
	put_view(bytes_view(&line));
	return ERR_OK;
}

static enum err
read_note(const struct arguments *a, const struct archive *r,
    struct bytes *out)
{
	const char *path = option_value(a, "note", NULL);

	return path != NULL ? file_read(path, NOTE_MAX, out) :
	    r->from->read(r->from->arg, "checkpoint", NOTE_MAX, out);
}

static enum err
make_archive(const struct arguments *a, struct verify_result *out_result)
{
	AUTO_DONE(archive) r = { .dir = argument(a, 1) };
	AUTO(place) from = NULL;
	AUTO(place) to = NULL;
	AUTO(trust_policy) trust = NULL;
	AUTO_DONE(bytes) note = { 0 };
	struct verify_options options = { 0 };
	struct trust_seen seen;
	char below[PATH_MAX];

	TRY(place_open(argument(a, 0), &from));
	r.from = place_files(from);
	r.tiles = log_files_tiles(r.from);
	TRY(trusted(a, r.from, &trust));
	TRY(read_note(a, &r, &note));
	TRY(trust_open(trust, bytes_view(&note), &seen));
	TRY(fill(a, &r, bytes_view(&note), trust, &seen));
	TRY(path_join(r.dir, "log", below, sizeof(below)));
	TRY(place_open(below, &to));
	options.trust = trust;
	return verify_with(place_files(to), &options, out_result);
}

int
audit_archive(const struct arguments *a)
{
	struct verify_result result = { 0 };
	AUTO_DONE(bytes) report = { 0 };
	enum err e;

	if (file_exists(argument(a, 1))) {
		complain("%s is there already", argument(a, 1));
		return EXIT_CONFLICT;
	}
	if ((e = make_archive(a, &result)) != ERR_OK) {
		(void)complain_err("the archive", e);
		return e == ERR_UNWITNESSED ? VERIFY_UNWITNESSED : EXIT_AWAY;
	}
	verify_report(&result, &report);
	put_view(bytes_view(&report));
	return verify_exit_status(&result);
}
