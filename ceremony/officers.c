/*
 * The officers of a rehearsal: a key for each, as files, and the roster that
 * names them. Real officers bring their own public keys. Next: verify_files.c
 * reads the roster again.
 */
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "ceremony/steps.h"
#include "quorum/approve.h"

static enum err
make_key(const struct ceremony *c, unsigned int seat, struct officer *o)
{
	char name[32], path[PATH_MAX];

	TRY(officer_key_new(&o->key));
	TRY(officer_algorithm_of(o->key, &o->algorithm));
	snprintf(o->name, sizeof(o->name), "%s",
	    c->script->officers.at[seat - 1].name);
	snprintf(name, sizeof(name), "officers/%u.key", seat);
	TRY(path_join(c->dir, name, path, sizeof(path)));
	return officer_key_write(path, o->key);
}

enum err
ceremony_make_officers(struct ceremony *c)
{
	AUTO_DONE(roster) r = {
		.threshold = (unsigned int)c->script->threshold,
		.count = (unsigned int)c->script->officers.count,
	};
	AUTO_DONE(bytes) text = { 0 };

	for (unsigned int seat = 1; seat <= r.count; seat++)
		TRY(make_key(c, seat, &r.officers[seat - 1]));
	TRY(roster_put(&r, &text));
	return ceremony_write(c, "ceremony/roster.txt", bytes_view(&text));
}
