/*
 * A policy from its files: read once, hashed, parsed, put together. The
 * files are as trustworthy as their directory; when they come in a bundle its
 * signatures are verified before the first byte reaches policy_parse().
 * Next: schema.c.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "policy/suite.h"
#include "policy/suite_case.h"

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->doc_count; i++)
		yaml_doc_free(p->docs[i]);
	mem_free(p);
}

static enum err
add_programme(struct policy *p, const char *file, struct programme_file *f)
{
	if (policy_find(p, view_text(f->id)) != NULL)
		return err_because(ERR_SCHEMA, "%s:1:1: expected each "
		    "programme once, got \"%s\" again", file, f->id);
	if (p->programme_count == POLICY_PROGRAMMES)
		return err_because(ERR_TOO_LARGE, "%s:1:1: expected at most "
		    "%d programmes, got one more", file, POLICY_PROGRAMMES);
	p->programmes[p->programme_count++] = f;
	return ERR_OK;
}

static enum err
twice(const char *file, const struct policy_part *part)
{
	return err_because(ERR_SCHEMA, "%s:1:1: expected one file of kind "
	    "\"%s\", got another", file, part->variant->name);
}

static enum err
add_part(struct policy *p, const char *file, struct policy_part *part)
{
	switch (policy_part_kind(part)) {
	case PART_POLICY:
		if (p->head != NULL)
			return twice(file, part);
		p->head = (struct policy_head *)part;
		return ERR_OK;
	case PART_REGIONS:
		if (p->regions != NULL)
			return twice(file, part);
		p->regions = (struct regions *)part;
		return ERR_OK;
	case PART_CALLERS:
		if (p->callers != NULL)
			return twice(file, part);
		p->callers = (struct callers *)part;
		return ERR_OK;
	case PART_PROGRAMME:
		return add_programme(p, file, (struct programme_file *)part);
	}
	return ERR_INTERNAL;
}

static bool
ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && strcmp(name + len - end, suffix) == 0;
}

static enum err
add_file(struct policy *p, const struct policy_file *f)
{
	struct policy_part *part = NULL;
	struct yaml_doc **doc = &p->docs[p->doc_count];

	TRY(yaml_doc_parse(f->name, f->content, doc));
	p->doc_count++;
	if (ends_in(f->name, SUITE_SUFFIX))
		return suite_bind(*doc, &p->suites[p->suite_count++]);
	TRY(yaml_bind(*doc, &policy_part_type, &part));
	return add_part(p, f->name, part);
}

static int
by_name(const void *a, const void *b)
{
	const struct policy_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Each name and content with its length, then the serial. */
static enum err
hash_files(const struct policy_file *files, size_t count, int64_t serial,
    struct hash *out)
{
	AUTO_DONE(bytes) b = { 0 };

	for (size_t i = 0; i < count; i++) {
		bytes_put_block(&b, view_text(files[i].name));
		bytes_put_block(&b, files[i].content);
	}
	bytes_put_u64(&b, (uint64_t)serial);
	TRY(bytes_check(&b));
	*out = sha256(bytes_view(&b));
	return ERR_OK;
}

static enum err
build(const struct policy_file *files, size_t count,
    struct policy **out_policy)
{
	AUTO(policy) p = mem_new(1, sizeof(*p));
	struct policy_file sorted[POLICY_FILES];

	if (p == NULL)
		return err_because(ERR_MEMORY, "no memory for a policy");
	if (count == 0 || count > POLICY_FILES)
		return err_because(ERR_RANGE, "a policy has 1 to %d files, "
		    "got %zu", POLICY_FILES, count);
	memcpy(sorted, files, count * sizeof(*files));
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < count; i++)
		TRY(add_file(p, &sorted[i]));
	if (p->head == NULL)
		return err_because(ERR_SCHEMA,
		    "a policy needs a file of kind \"policy\"; there is none");
	TRY(policy_link(p));
	TRY(hash_files(sorted, count, p->head->serial, &p->hash));
	*out_policy = STEAL(p);
	return ERR_OK;
}

enum err
policy_parse(const struct policy_file *files, size_t count,
    struct policy **out_policy)
{
	AUTO(policy) p = NULL;

	TRY(build(files, count, &p));
	TRY(suites_pass(p));
	*out_policy = STEAL(p);
	return ERR_OK;
}

/* The files of a directory, held until they are parsed. */
struct folder {
	DIR		*dir;
	size_t		 count;
	char		*names[POLICY_FILES];
	struct bytes	 contents[POLICY_FILES];
};

static void
folder_done(struct folder *f)
{
	for (size_t i = 0; i < f->count; i++) {
		mem_free(f->names[i]);
		bytes_done(&f->contents[i]);
	}
	if (f->dir != NULL)
		closedir(f->dir);
}

static bool
is_yaml(const char *name)
{
	return name[0] != '.' && ends_in(name, ".yaml");
}

static enum err
read_folder(const char *path, struct folder *f)
{
	struct dirent *e;

	if ((f->dir = opendir(path)) == NULL)
		return err_system("%s: open", path);
	while ((e = readdir(f->dir)) != NULL) {
		if (!is_yaml(e->d_name))
			continue;
		if (f->count == POLICY_FILES)
			return err_because(ERR_TOO_LARGE, "%s: more than %d "
			    "files", path, POLICY_FILES);
		TRY(file_read_at(dirfd(f->dir), e->d_name, YAML_FILE_SIZE,
		    &f->contents[f->count]));
		f->names[f->count] = mem_text(e->d_name);
		if (f->names[f->count++] == NULL)
			return err_because(ERR_MEMORY, "no memory for a name");
	}
	return ERR_OK;
}

enum err
policy_load_untested(const char *dir, struct policy **out_policy)
{
	AUTO_DONE(folder) f = { 0 };
	struct policy_file files[POLICY_FILES];

	TRY(read_folder(dir, &f));
	for (size_t i = 0; i < f.count; i++)
		files[i] = (struct policy_file){ f.names[i],
		    bytes_view(&f.contents[i]) };
	if (f.count == 0)
		return err_because(ERR_NOT_FOUND, "%s: no file *.yaml", dir);
	return build(files, f.count, out_policy);
}

enum err
policy_load(const char *dir, struct policy **out_policy)
{
	AUTO(policy) p = NULL;

	TRY(policy_load_untested(dir, &p));
	TRY(suites_pass(p));
	*out_policy = STEAL(p);
	return ERR_OK;
}

const struct hash *
policy_hash(const struct policy *p)
{
	return &p->hash;
}

int64_t
policy_serial(const struct policy *p)
{
	return p->head->serial;
}

const struct programme_file *
policy_find(const struct policy *p, struct view id)
{
	for (size_t i = 0; i < p->programme_count; i++) {
		if (view_is(id, p->programmes[i]->id))
			return p->programmes[i];
	}
	return NULL;
}

const struct programme *
policy_programme_at(const struct policy *p, size_t i)
{
	return i < p->programme_count ? &p->programmes[i]->public : NULL;
}

const struct programme *
policy_programme(const struct policy *p, struct view id)
{
	const struct programme_file *f = policy_find(p, id);

	return f != NULL ? &f->public : NULL;
}

int64_t
policy_age(const struct policy *p, struct date birth, int64_t now)
{
	return calendar_age(birth, date_at(now, SEOUL),
	    (enum leap_birthday)p->head->leap_birthday);
}
