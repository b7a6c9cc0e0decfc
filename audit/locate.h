/*
 * Where a log departs from its signed root, when it does: from the root down
 * through those hash tiles that still prove themselves, to the first entry
 * that does not hash to what they say.
 */
#ifndef OKSE_AUDIT_LOCATE_H
#define OKSE_AUDIT_LOCATE_H

#include "audit/merkle.h"
#include "audit/tile.h"

/* first > last: nothing that is there contradicts the root. */
struct locate_range {
	uint64_t	first;
	uint64_t	last;
};

/*
 * The first range of entries that contradict root: one entry when its level-0
 * tile is intact, the span of the lowest tile that was changed with it
 * otherwise, the whole log when no tile proves itself. Where entries are
 * missing, their level-0 tile stands for them; what has neither is passed
 * over.
 */
[[nodiscard]] enum err locate_damage(const struct tile_source *s,
    uint64_t size, const struct hash *root, struct locate_range *out_range);

#endif
