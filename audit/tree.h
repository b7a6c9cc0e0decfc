/*
 * The right edge of the log's Merkle tree, in memory: enough to append, to
 * give the root, and to give every tile that a publication needs. Appending
 * costs two hashes on average, a root at most 63.
 */
#ifndef OKSE_AUDIT_TREE_H
#define OKSE_AUDIT_TREE_H

#include "audit/merkle.h"
#include "audit/tile.h"

struct tree;

[[nodiscard]] enum err tree_new(struct tree **out_tree);	/* empty */
void tree_free(struct tree *t);
AUTO_STRUCT(tree);

/*
 * Restores the edge of a tree of size from its partial tiles (at most eight
 * reads). ERR_MISMATCH when they do not hash to root, ERR_NOT_FOUND when one
 * is missing.
 */
[[nodiscard]] enum err tree_load(const struct tile_source *s, uint64_t size,
    const struct hash *root, struct tree **out_tree);

/* ERR_MEMORY leaves the tree as it was; nothing else can fail. */
[[nodiscard]] enum err tree_append(struct tree *t, const struct hash *leaf);
uint64_t tree_size(const struct tree *t);
struct hash tree_root(const struct tree *t);

/* Tiles filled since the last tree_forget(), oldest first. */
size_t tree_filled(const struct tree *t);
struct tile_id tree_filled_id(const struct tree *t, size_t i);
struct view tree_filled_bytes(const struct tree *t, size_t i);
void tree_forget(struct tree *t);

/* The partial tile of a level as bytes; empty when its width is 0. */
struct view tree_partial(const struct tree *t, int level);

#endif
