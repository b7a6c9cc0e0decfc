/*
 * Preparing, signing and installing bundles. The directory is the author's or
 * the officer's own; what comes of it is judged again by whoever loads it.
 * Next: bundle.c.
 */
#include "policy/bundle_make.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/version.h"
#include "policy/bundle_files.h"
#include "policy/yaml.h"

/* ---- prepare */

static int
by_name(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static enum err
add_name(const char *name, struct manifest *m)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strcmp(name, "manifest") == 0 || strcmp(name, "signatures") == 0)
		return ERR_OK;
	if (!manifest_name_fits(view_text(name)))
		return err_because(ERR_MISMATCH, "%.80s: not a file of a "
		    "policy (a-z, 0-9, '-', '_', '.', ending in .yaml)",
		    name);
	if (m->count == MANIFEST_FILES)
		return err_because(ERR_TOO_LARGE, "more than %d files",
		    MANIFEST_FILES);
	memcpy(m->files[m->count++].name, name, strlen(name));
	return ERR_OK;
}

static enum err
list_files(DIR *dir, struct manifest *m)
{
	struct dirent *e;

	while ((errno = 0, e = readdir(dir)) != NULL)
		TRY(add_name(e->d_name, m));
	if (errno != 0)
		return err_system("reading the policy's directory");
	qsort(m->files, m->count, sizeof(*m->files), by_name);
	return ERR_OK;
}

static enum err
read_files(DIR *dir, struct manifest *m, struct bundle_files *out)
{
	for (size_t i = 0; i < m->count; i++) {
		struct manifest_file *f = &m->files[i];

		TRY(file_read_at(dirfd(dir), f->name, YAML_FILE_SIZE,
		    &out->at[i]));
		f->length = out->at[i].len;
		f->hash = sha256(bytes_view(&out->at[i]));
	}
	return ERR_OK;
}

static enum err
write_manifest(const char *dir, const struct manifest *m)
{
	AUTO_DONE(bytes) text = { 0 };
	struct manifest again;
	char path[PATH_MAX];

	TRY(manifest_put(m, &text));
	TRY(manifest_get(bytes_view(&text), &again));
	TRY(path_join(dir, "signatures", path, sizeof(path)));
	if (unlink(path) == -1 && errno != ENOENT)
		return err_system("%s: remove", path);
	TRY(path_join(dir, "manifest", path, sizeof(path)));
	return file_replace(path, bytes_view(&text), 0644);
}

enum err
bundle_prepare(const char *dir, const struct bundle_plan *plan)
{
	struct manifest m = {
		.not_before = plan->not_before,
		.expires = plan->expires,
		.program = OKSE_VERSION,
	};
	AUTO_DONE(bundle_files) files = { 0 };
	AUTO(policy) policy = NULL;
	AUTO(DIR) d = NULL;

	TRY(bundle_open(dir, &d));
	TRY(list_files(d, &m));
	TRY(read_files(d, &m, &files));
	TRY(bundle_files_parse(&files, &m, &policy));
	m.serial = policy_serial(policy);
	return write_manifest(dir, &m);
}

/* ---- sign */

static enum err
review(const char *dir, struct bytes *text, struct manifest *out)
{
	AUTO_DONE(bundle_files) files = { 0 };
	AUTO(policy) policy = NULL;
	AUTO(DIR) d = NULL;

	TRY(bundle_open(dir, &d));
	TRY(file_read_at(dirfd(d), "manifest", MANIFEST_SIZE, text));
	TRY(manifest_get(bytes_view(text), out));
	TRY(bundle_files_read(d, out, &files));
	TRY(bundle_files_parse(&files, out, &policy));
	if (policy_serial(policy) != out->serial)
		return err_because(ERR_MISMATCH, "the manifest has serial %"
		    PRId64 ", the policy %" PRId64, out->serial,
		    policy_serial(policy));
	return ERR_OK;
}

enum err
bundle_review(const char *dir, struct manifest *out)
{
	AUTO_DONE(bytes) text = { 0 };

	return review(dir, &text, out);
}

enum err
bundle_sign(const char *dir, const struct roster *roster, unsigned int seat,
    EVP_PKEY *key, struct approvals *out_signers)
{
	AUTO_DONE(bytes) text = { 0 }, before = { 0 }, after = { 0 };
	struct manifest m;
	char path[PATH_MAX];
	enum err e;

	TRY(review(dir, &text, &m));
	TRY(path_join(dir, "signatures", path, sizeof(path)));
	e = file_read(path, APPROVAL_FILE, &before);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	TRY(approve(&(struct approve){ roster, MANIFEST_DOMAIN,
	    bytes_view(&text), bytes_view(&before) }, seat, key, &after));
	TRY(approvals_get(roster, MANIFEST_DOMAIN, bytes_view(&text),
	    bytes_view(&after), out_signers));
	return file_replace(path, bytes_view(&after), 0644);
}

/* ---- install */

/* A bundle in memory, to be written elsewhere. */
struct copy {
	struct bytes		manifest, signatures;
	struct bundle_files	files;
	struct manifest		parsed;
};

static void
copy_done(struct copy *c)
{
	bytes_done(&c->manifest);
	bytes_done(&c->signatures);
	bundle_files_done(&c->files);
}

static enum err
take_copy(const char *from, struct copy *c)
{
	AUTO(DIR) d = NULL;

	TRY(bundle_open(from, &d));
	TRY(file_read_at(dirfd(d), "manifest", MANIFEST_SIZE, &c->manifest));
	TRY(file_read_at(dirfd(d), "signatures", APPROVAL_FILE,
	    &c->signatures));
	TRY(manifest_get(bytes_view(&c->manifest), &c->parsed));
	return bundle_files_read(d, &c->parsed, &c->files);
}

static enum err
put_file(const char *dir, const char *name, const struct bytes *content)
{
	char path[PATH_MAX];

	TRY(path_join(dir, name, path, sizeof(path)));
	return file_replace(path, bytes_view(content), 0644);
}

static enum err
put_copy(const struct copy *c, const char *dir)
{
	for (size_t i = 0; i < c->parsed.count; i++)
		TRY(put_file(dir, c->parsed.files[i].name, &c->files.at[i]));
	TRY(put_file(dir, "signatures", &c->signatures));
	return put_file(dir, "manifest", &c->manifest);
}

/* What a crash left of an earlier try; only what could have been written. */
static enum err
clear(const char *dir)
{
	AUTO(DIR) d = NULL;
	struct dirent *e;

	if (!file_exists(dir))
		return ERR_OK;
	TRY(bundle_open(dir, &d));
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' &&
		    unlinkat(dirfd(d), e->d_name, 0) == -1)
			return err_system("%s/%s: remove", dir, e->d_name);
	return rmdir(dir) == 0 ? ERR_OK : err_system("%s: remove", dir);
}

static enum err
install_new(const struct copy *c, const char *dir, const char *target)
{
	char fresh[PATH_MAX];

	TRY(path_join(dir, ".new", fresh, sizeof(fresh)));
	TRY(clear(fresh));
	TRY(dir_make(fresh, 0755));
	TRY(put_copy(c, fresh));
	TRY(dir_sync(fresh));
	if (rename(fresh, target) == -1)
		return err_system("%s: rename", target);
	return dir_sync(dir);
}

/* By way of dir: a crash must not leave a file too many in the bundle. */
static enum err
replace_signatures(const struct copy *c, const char *dir, const char *target)
{
	char fresh[PATH_MAX], path[PATH_MAX];

	TRY(put_file(dir, ".signatures", &c->signatures));
	TRY(path_join(dir, ".signatures", fresh, sizeof(fresh)));
	TRY(path_join(target, "signatures", path, sizeof(path)));
	if (rename(fresh, path) == -1)
		return err_system("%s: rename", path);
	return dir_sync(target);
}

enum err
bundle_install(const char *from, const char *dir)
{
	AUTO_DONE(copy) c = { 0 };
	AUTO_DONE(bytes) there = { 0 };
	char target[PATH_MAX], manifest[PATH_MAX];

	TRY(take_copy(from, &c));
	TRY(bundle_path(dir, c.parsed.serial, target));
	if (!file_exists(target))
		return install_new(&c, dir, target);
	TRY(path_join(target, "manifest", manifest, sizeof(manifest)));
	TRY(file_read(manifest, MANIFEST_SIZE, &there));
	if (!view_equal(bytes_view(&there), bytes_view(&c.manifest)))
		return err_because(ERR_EXISTS, "%s: another bundle has this "
		    "serial; raise the serial in the policy's head and sign "
		    "again", target);
	return replace_signatures(&c, dir, target);
}
