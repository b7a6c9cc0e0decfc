/*
 * A second opinion on the root before a checkpoint is signed. It shares with
 * tree.c only the hash function: it walks the definition of RFC 6962 2.1 from
 * the top, over entry bytes that the caller has read again from where they
 * are durable. A flipped bit in memory then stops one publication instead of
 * killing the log.
 */
#ifndef OKSE_AUDIT_RECOMPUTE_H
#define OKSE_AUDIT_RECOMPUTE_H

#include "audit/merkle.h"
#include "audit/tile.h"

/*
 * What an earlier recomputation knows: the complete subtrees that cover
 * [0, size), largest first. All zero is the empty tree.
 */
struct recompute {
	uint64_t	size;
	unsigned int	count;
	struct hash	subtree[64];
};

/*
 * Entries [from, to) are asked for once each, in order. The view must stay
 * valid until the next call.
 */
struct recompute_source {
	enum err	(*read)(void *arg, uint64_t index,
	    struct view *out_entry);
	void		*arg;
};

/*
 * The root of a tree of size to (at least r->size), from what r knows and the
 * entries behind it. On success r knows the larger tree. On failure (an error
 * of the source; ERR_RANGE when to is smaller) r is as it was.
 */
[[nodiscard]] enum err recompute_root(struct recompute *r,
    const struct recompute_source *s, uint64_t to, struct hash *out_root);

/*
 * r for a tree whose edge is known only from its published tiles, checked
 * against the root of a verified checkpoint: ERR_MISMATCH.
 */
[[nodiscard]] enum err recompute_load(struct recompute *r,
    const struct tile_source *s, uint64_t size, const struct hash *root);

/* Reads entries for recompute_root() back from published bundles. */
struct recompute_bundles;
[[nodiscard]] enum err recompute_bundles_new(const struct tile_source *s,
    uint64_t size, struct recompute_bundles **out);
void recompute_bundles_free(struct recompute_bundles *b);
AUTO_STRUCT(recompute_bundles);
struct recompute_source recompute_from(struct recompute_bundles *b);

#endif
