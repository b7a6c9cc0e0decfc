/*
 * Inclusion and consistency proofs, made from tiles and checked as RFC 9162
 * 2.1.3.2 and 2.1.4.2 say.
 */
#ifndef OKSE_AUDIT_PROOF_H
#define OKSE_AUDIT_PROOF_H

#include "audit/merkle.h"
#include "audit/tile.h"

#define PROOF_MAX 65

struct proof {
	size_t		count;
	struct hash	at[PROOF_MAX];
};

/* ERR_RANGE unless index < size; errors of the source. */
[[nodiscard]] enum err proof_inclusion(const struct tile_source *s,
    uint64_t index, uint64_t size, struct proof *out_proof);
/* ERR_RANGE unless 0 < from <= size. */
[[nodiscard]] enum err proof_consistency(const struct tile_source *s,
    uint64_t from, uint64_t size, struct proof *out_proof);

/* The root of a tree of size as the tiles have it: errors of the source. */
[[nodiscard]] enum err proof_root(const struct tile_source *s, uint64_t size,
    struct hash *out_root);

/* ERR_MISMATCH when it does not prove what it should. */
[[nodiscard]] enum err proof_check_inclusion(const struct proof *p,
    uint64_t index, uint64_t size, const struct hash *leaf,
    const struct hash *root);
/*
 * from == 0 proves nothing: the proof must be empty and from_root the empty
 * tree's.
 */
[[nodiscard]] enum err proof_check_consistency(const struct proof *p,
    uint64_t from, uint64_t size, const struct hash *from_root,
    const struct hash *root);

#endif
