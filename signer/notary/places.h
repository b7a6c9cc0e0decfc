/*
 * Places of credentials in status lists: the registry gives counters, which
 * follow each other; what is published are places, of which only who has the
 * quorum's secret can tell which were given together.
 */
#ifndef OKSE_SIGNER_NOTARY_PLACES_H
#define OKSE_SIGNER_NOTARY_PLACES_H

#include "signer/notary/permutation.h"
#include "signer/notary/pseudonym.h"

#define PLACES_URI 320

/* The list that was used last; zero at first. */
struct places {
	int64_t			 list;
	struct permutation	*permutation;
};

void places_done(struct places *p);	/* also when the keys go */

/* The permutation of a list of this size. */
[[nodiscard]] enum err places_of_list(const struct keys *k, int64_t list,
    int64_t size, struct permutation **out_permutation);

/*
 * Writes the place of each counter of use. A use that comes from a retry
 * knows its list and first only: its size is looked up in r.
 */
[[nodiscard]] enum err places_of_use(struct places *p, const struct keys *k,
    struct registry *r, const struct status_use *use, size_t count,
    uint64_t *out_places);

/* "<base>/<list>"; ERR_RANGE when that is too long. */
[[nodiscard]] enum err places_uri(const char *base, int64_t list,
    char out[PLACES_URI]);

#endif
