/*
 * The files of a bundle against its manifest. Nothing in them is looked at
 * before all have their length and hash. Next: policy.c.
 */
#include "policy/bundle_files.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

void
bundle_files_done(struct bundle_files *f)
{
	for (size_t i = 0; i < COUNT(f->at); i++)
		bytes_done(&f->at[i]);
}

enum err
bundle_open(const char *path, DIR **out_dir)
{
	DIR *dir = opendir(path);

	if (dir == NULL && errno == ENOENT)
		return err_because(ERR_NOT_FOUND, "no such directory");
	if (dir == NULL)
		return err_system("open");
	*out_dir = dir;
	return ERR_OK;
}

void
bundle_close(DIR *dir)
{
	if (dir != NULL)
		closedir(dir);
}

static bool
is_listed(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->files[i].name, name) == 0)
			return true;
	return strcmp(name, "manifest") == 0 ||
	    strcmp(name, "signatures") == 0 || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0;
}

static enum err
check_nothing_else(DIR *dir, const struct manifest *m)
{
	struct dirent *e;

	while ((errno = 0, e = readdir(dir)) != NULL)
		if (!is_listed(m, e->d_name))
			return err_because(ERR_MISMATCH, "%.80s: not in the "
			    "manifest", e->d_name);
	return errno == 0 ? ERR_OK : err_system("reading the bundle");
}

static enum err
read_listed(int dir, const struct manifest_file *f, struct bytes *out)
{
	struct hash h;
	enum err e = file_read_at(dir, f->name, (size_t)f->length, out);

	if (e != ERR_OK && e != ERR_TOO_LARGE)
		return e;
	h = sha256(bytes_view(out));
	if (e == ERR_TOO_LARGE || out->len != f->length ||
	    !view_equal(VIEW_OF(h.at), VIEW_OF(f->hash.at)))
		return err_because(ERR_MISMATCH,
		    "%s: not the file that the manifest lists", f->name);
	return ERR_OK;
}

enum err
bundle_files_read(DIR *dir, const struct manifest *m,
    struct bundle_files *out)
{
	TRY(check_nothing_else(dir, m));
	for (size_t i = 0; i < m->count; i++)
		TRY(read_listed(dirfd(dir), &m->files[i], &out->at[i]));
	return ERR_OK;
}

enum err
bundle_files_parse(const struct bundle_files *f, const struct manifest *m,
    struct policy **out_policy)
{
	struct policy_file files[MANIFEST_FILES];

	for (size_t i = 0; i < m->count; i++)
		files[i] = (struct policy_file){ m->files[i].name,
		    bytes_view(&f->at[i]) };
	return policy_parse(files, m->count, out_policy);
}
