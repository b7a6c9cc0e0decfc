/*
 * Counters to places, with the permutation of the list that is in use kept.
 * What comes in is the registry's. Next: drafts.c, which writes places into
 * credentials.
 */
#include "signer/notary/places.h"

#include <stdio.h>

void
places_done(struct places *p)
{
	permutation_free(p->permutation);
	*p = (struct places){ 0 };
}

static struct handle
name_of(int64_t list)
{
	struct handle h = { 0 };

	for (size_t i = 0; i < sizeof(list); i++)
		h.at[HANDLE_SIZE - 1 - i] =
		    (uint8_t)((uint64_t)list >> 8 * i);
	return h;
}

enum err
places_of_list(const struct keys *k, int64_t list, int64_t size,
    struct permutation **out_permutation)
{
	struct handle name = name_of(list);
	struct hash key = keys_seed(k, &name, "status list");
	enum err e = permutation_new(VIEW_OF(key.at), size, out_permutation);

	explicit_bzero(&key, sizeof(key));
	return e;
}

static enum err
size_of(struct registry *r, const struct status_use *use, int64_t *out_size)
{
	struct registry_list found;

	if (use->size != 0) {
		*out_size = use->size;
		return ERR_OK;
	}
	TRY(registry_status_list(r, use->list, &found));
	if (found.list != use->list)
		return err_because(ERR_CORRUPT,
		    "the registry has no status list %lld",
		    (long long)use->list);
	*out_size = found.size;
	return ERR_OK;
}

static enum err
choose(struct places *p, const struct keys *k, struct registry *r,
    const struct status_use *use)
{
	struct permutation *fresh;
	int64_t size;

	if (p->list == use->list)
		return ERR_OK;
	TRY(size_of(r, use, &size));
	TRY(places_of_list(k, use->list, size, &fresh));
	places_done(p);
	*p = (struct places){ use->list, fresh };
	return ERR_OK;
}

enum err
places_of_use(struct places *p, const struct keys *k, struct registry *r,
    const struct status_use *use, size_t count, uint64_t *out_places)
{
	TRY(choose(p, k, r, use));
	for (size_t i = 0; i < count; i++)
		out_places[i] = (uint64_t)permutation_at(p->permutation,
		    use->first + (int64_t)i);
	return ERR_OK;
}

enum err
places_uri(const char *base, int64_t list, char out[PLACES_URI])
{
	int n = snprintf(out, PLACES_URI, "%s/%lld", base, (long long)list);

	return n > 0 && n < PLACES_URI ? ERR_OK :
	    err_because(ERR_RANGE, "the URI of a status list is too long");
}
