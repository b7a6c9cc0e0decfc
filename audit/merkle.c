/*
 * RFC 6962 2.1 as it is written. Entries may be anything; they are only
 * hashed. Next in the flow: tree.c, which avoids the recursion.
 */
#include "audit/merkle.h"

#include <string.h>

static const uint8_t leaf_prefix[] = { 0 };
static const uint8_t node_prefix[] = { 1 };

struct hash
merkle_leaf(struct view entry)
{
	return sha256_2(VIEW_OF(leaf_prefix), entry);
}

struct hash
merkle_node(const struct hash *left, const struct hash *right)
{
	struct hash both[2] = { *left, *right };

	return sha256_2(VIEW_OF(node_prefix), VIEW_OF(both));
}

struct hash
merkle_root(const struct hash *leaves, size_t n)
{
	struct hash left, right;
	size_t k = 1;

	if (n == 0)
		return sha256(VIEW(NULL, 0));
	if (n == 1)
		return *leaves;
	while (k * 2 < n)
		k *= 2;
	left = merkle_root(leaves, k);
	right = merkle_root(leaves + k, n - k);
	return merkle_node(&left, &right);
}

bool
merkle_equal(const struct hash *a, const struct hash *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
