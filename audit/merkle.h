/*
 * The hashes of an RFC 6962 Merkle tree (section 2.1, the same in RFC 9162
 * 2.1.1): leaves and inner nodes are told apart by their first byte.
 */
#ifndef OKSE_AUDIT_MERKLE_H
#define OKSE_AUDIT_MERKLE_H

#include <stdbool.h>

#include "base/crypto.h"

struct hash merkle_leaf(struct view entry);	/* SHA-256(00 || entry) */
struct hash merkle_node(const struct hash *left, const struct hash *right);

/* MTH of n leaf hashes, by the recursion of RFC 6962 2.1; n may be 0. */
struct hash merkle_root(const struct hash *leaves, size_t n);

bool merkle_equal(const struct hash *a, const struct hash *b);

#endif
