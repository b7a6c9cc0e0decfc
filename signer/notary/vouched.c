/*
 * A table of names by their own first bits. Names are hashes over what a
 * keyholder signed and its signature; nobody can make another token of one.
 */
#include "signer/notary/vouched.h"

#include <string.h>

static size_t
place_of(const struct hash *name)
{
	uint32_t last;

	memcpy(&last, name->at + VOUCHED_SIZE, sizeof(last));
	return last % VOUCHED_PLACES;
}

void
vouched_add(struct vouched *v, const struct hash *name)
{
	memcpy(v->names[place_of(name)], name->at, VOUCHED_SIZE);
}

bool
vouched_knows(const void *context, const struct hash *name)
{
	const struct vouched *v = context;

	return view_equal(VIEW_OF(v->names[place_of(name)]),
	    VIEW(name->at, VOUCHED_SIZE));
}
