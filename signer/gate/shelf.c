/*
 * Files of the published directory in memory. They are ours, replaced by
 * rename, so what stat says tells whether one is another. Next: reply.c.
 */
#include "signer/gate/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

static void
clear(struct shelf *s, struct shelf_place *p)
{
	if (p->shared != NULL)
		s->bytes -= p->shared->body.len;
	shared_free(p->shared);
	*p = (struct shelf_place){ 0 };
}

void
shelf_done(struct shelf *s)
{
	for (size_t i = 0; i < SHELF_PLACES; i++)
		clear(s, &s->at[i]);
}

/* The one of this name, or else the one that was asked for longest ago. */
static struct shelf_place *
place_for(struct shelf *s, const char *name)
{
	struct shelf_place *oldest = &s->at[0];

	for (size_t i = 0; i < SHELF_PLACES; i++) {
		if (strcmp(s->at[i].name, name) == 0)
			return &s->at[i];
		if (s->at[i].last < oldest->last)
			oldest = &s->at[i];
	}
	return oldest;
}

static struct shelf_place *
oldest_but(struct shelf *s, const struct shelf_place *keep)
{
	struct shelf_place *oldest = NULL;

	for (size_t i = 0; i < SHELF_PLACES; i++)
		if (&s->at[i] != keep && s->at[i].shared != NULL &&
		    (oldest == NULL || s->at[i].last < oldest->last))
			oldest = &s->at[i];
	return oldest;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static enum err
fill(struct shelf *s, struct shelf_place *p, int dir, const char *name,
    const char *cache)
{
	AUTO_DONE(bytes) body = { 0 };
	struct shelf_place *other;

	TRY(file_read_at(dir, name, SHELF_DOCUMENT, &body));
	TRY(shared_new(&body, p->was.st_mtim.tv_sec, &p->shared));
	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->shared->cache, sizeof(p->shared->cache), "%s",
	    cache);
	s->bytes += p->shared->body.len;
	while (s->bytes > SHELF_BYTES && (other = oldest_but(s, p)) != NULL)
		clear(s, other);
	return ERR_OK;
}

/*
 * If the file is replaced between the two looks at it, its newer content is
 * kept under the older stat, and the next call reads it once more.
 */
enum err
shelf_get(struct shelf *s, int dir, const char *name, const char *cache,
    struct shared **out_shared)
{
	struct shelf_place *p = place_for(s, name);
	struct stat now;

	if (fstatat(dir, name, &now, AT_SYMLINK_NOFOLLOW) == -1) {
		if (strcmp(p->name, name) == 0)
			clear(s, p);
		if (errno == ENOENT)
			return err_because(ERR_NOT_FOUND, "%s: not there",
			    name);
		return err_system("%s", name);
	}
	if (strcmp(p->name, name) != 0 || !is_same_file(&p->was, &now)) {
		clear(s, p);
		p->was = now;
		TRY(fill(s, p, dir, name, cache));
	}
	p->last = ++s->asked;
	*out_shared = shared_hold(p->shared);
	return ERR_OK;
}
