/*
 * Loading a bundle: the one way in which a policy reaches the daemon. The
 * directory is believed in nothing; officers' signatures are verified over
 * the manifest's bytes before anything looks into them, and hashes over the
 * files before the YAML reader sees one. Next: bundle_files.c,
 * policy.c.
 */
#include "policy/bundle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/version.h"
#include "policy/bundle_files.h"

struct bundle {
	struct approvals	 signers;
	struct manifest		 manifest;
	struct hash		 hash;
	struct policy		*policy;
};

void
bundle_free(struct bundle *b)
{
	if (b == NULL)
		return;
	policy_free(b->policy);
	mem_free(b);
}

/* ---- before anything is believed */

static enum err
read_manifest(int dir, const struct roster *roster, struct bundle *b)
{
	AUTO_DONE(bytes) text = { 0 }, signatures = { 0 };

	TRY(file_read_at(dir, "manifest", MANIFEST_SIZE, &text));
	TRY(file_read_at(dir, "signatures", APPROVAL_FILE, &signatures));
	TRY(approvals_verify(roster, MANIFEST_DOMAIN, bytes_view(&text),
	    bytes_view(&signatures), &b->signers));
	b->hash = sha256(bytes_view(&text));
	return manifest_get(bytes_view(&text), &b->manifest);
}

static enum err
check_serial(const struct bundle *b, const struct bundle_mark *highest)
{
	int64_t serial = b->manifest.serial;

	if (serial < highest->serial)
		return err_because(ERR_EXISTS, "serial %" PRId64 " is older "
		    "than %" PRId64 ", which was in force", serial,
		    highest->serial);
	if (serial == highest->serial && !view_equal(VIEW_OF(b->hash.at),
	    VIEW_OF(highest->manifest.at)))
		return err_because(ERR_MISMATCH, "serial %" PRId64 " was in "
		    "force with another manifest: raise the serial", serial);
	if (b->manifest.program > OKSE_VERSION)
		return err_because(ERR_UNSUPPORTED, "the bundle needs version "
		    "%" PRIu64 " of the program, this is %d",
		    b->manifest.program, OKSE_VERSION);
	return ERR_OK;
}

/* All are read and hashed before the first is parsed. */
static enum err
read_policy(DIR *dir, struct bundle *b)
{
	const struct manifest *m = &b->manifest;
	AUTO_DONE(bundle_files) files = { 0 };

	TRY(bundle_files_read(dir, m, &files));
	TRY(bundle_files_parse(&files, m, &b->policy));
	if (policy_serial(b->policy) != m->serial)
		return err_because(ERR_MISMATCH, "the manifest has serial %"
		    PRId64 ", the policy in it %" PRId64, m->serial,
		    policy_serial(b->policy));
	return ERR_OK;
}

enum err
bundle_load(const char *path, const struct roster *roster,
    const struct bundle_mark *highest, struct bundle **out_bundle)
{
	AUTO(bundle) b = mem_new(1, sizeof(*b));
	AUTO(DIR) dir = NULL;

	if (b == NULL)
		return err_because(ERR_MEMORY, "a policy bundle");
	TRY(bundle_open(path, &dir));
	TRY(read_manifest(dirfd(dir), roster, b));
	TRY(check_serial(b, highest));
	TRY(read_policy(dir, b));
	*out_bundle = STEAL(b);
	return ERR_OK;
}

enum err
bundle_timely(const struct bundle *b, int64_t now)
{
	char when[INSTANT_TEXT];

	if (now < b->manifest.not_before)
		return err_because(ERR_RANGE, "policy %" PRId64 " counts from "
		    "%s, not before", b->manifest.serial,
		    instant_text(b->manifest.not_before, when));
	if (now >= b->manifest.expires)
		return err_because(ERR_RANGE, "policy %" PRId64 " expired at "
		    "%s", b->manifest.serial,
		    instant_text(b->manifest.expires, when));
	return ERR_OK;
}

/* ---- what it is */

const struct policy *
bundle_policy(const struct bundle *b)
{
	return b->policy;
}

const struct manifest *
bundle_manifest(const struct bundle *b)
{
	return &b->manifest;
}

const struct hash *
bundle_hash(const struct bundle *b)
{
	return &b->hash;
}

const struct approvals *
bundle_signers(const struct bundle *b)
{
	return &b->signers;
}

struct bundle_mark
bundle_mark_of(const struct bundle *b)
{
	return (struct bundle_mark){ b->manifest.serial, b->hash };
}

static void
put_time(struct json *j, const char *name, int64_t at)
{
	char text[INSTANT_TEXT];

	json_c_text(j, name, instant_text(at, text));
}

void
bundle_put(const struct bundle *b, struct json *j)
{
	json_int(j, "serial", b->manifest.serial);
	json_hex(j, "sha256", VIEW_OF(policy_hash(b->policy)->at));
	json_hex(j, "manifest", VIEW_OF(b->hash.at));
	put_time(j, "not_before", b->manifest.not_before);
	put_time(j, "expires", b->manifest.expires);
	json_items(j, "signers");
	for (unsigned int i = 0; i < b->signers.count; i++)
		json_int(j, NULL, b->signers.seats[i]);
	json_close(j);
}

/* ---- where they lie */

enum err
bundle_path(const char *dir, int64_t serial, char out[PATH_MAX])
{
	char name[24];

	snprintf(name, sizeof(name), "%" PRId64, serial);
	return path_join(dir, name, out, PATH_MAX);
}

/* The serial a directory is named by, 0 for any other name. */
static int64_t
serial_of(const char *name)
{
	struct reader r = reader_of(view_text(name));
	int64_t serial = (int64_t)reader_decimal(&r, INT64_MAX);

	return reader_end(&r, "a serial") == ERR_OK ? serial : 0;
}

/* The best serial above a limit: the lowest, or the highest. */
static enum err
find_serial(const char *dir, int64_t above, bool lowest, int64_t *out_serial)
{
	AUTO(DIR) d = NULL;
	struct dirent *e;
	int64_t best = 0;
	enum err err = bundle_open(dir, &d);

	if (err != ERR_OK)
		return err_because(err, "%s: %s", dir, err_why());
	while ((errno = 0, e = readdir(d)) != NULL) {
		int64_t serial = serial_of(e->d_name);

		if (serial > above && (best == 0 ||
		    (lowest ? serial < best : serial > best)))
			best = serial;
	}
	if (errno != 0)
		return err_system("%s: read", dir);
	if (best == 0)
		return err_because(ERR_NOT_FOUND, "%s: no bundle, which would "
		    "be a directory named by its serial", dir);
	*out_serial = best;
	return ERR_OK;
}

enum err
bundle_after(const char *dir, int64_t above, int64_t *out_serial)
{
	return find_serial(dir, above, true, out_serial);
}

enum err
bundle_newest(const char *dir, int64_t *out_serial)
{
	return find_serial(dir, 0, false, out_serial);
}
