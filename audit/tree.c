/*
 * The tree's right edge, kept twice over: the complete subtrees of the size's
 * binary digits (a compact range), from which the root folds, and the partial
 * tile of each level. Both are advanced by the same carry: bit h of the size
 * is set exactly when subtree[h] is in use, and a carry that reaches a height
 * divisible by 8 is the next hash of a tile. Next in the flow: publish.c.
 */
#include "audit/tree.h"

#include <string.h>

struct filled {
	struct tile_id	id;
	struct hash	hash[TILE_WIDTH];
};

struct tree {
	uint64_t	size;
	struct hash	subtree[64];	/* complete, of 2^h leaves */
	struct hash	partial[TILE_LEVELS][TILE_WIDTH];
	struct filled	*filled;
	size_t		filled_count;
	size_t		filled_room;
};

enum err
tree_new(struct tree **out_tree)
{
	struct tree *t = mem_new(1, sizeof(*t));

	if (t == NULL)
		return err_because(ERR_MEMORY, "no memory for a tree");
	*out_tree = t;
	return ERR_OK;
}

void
tree_free(struct tree *t)
{
	if (t != NULL)
		mem_free(t->filled);
	mem_free(t);
}

/* The complete subtrees inside a level's partial tile, from its hashes. */
static void
restore_subtrees(struct tree *t, int level, unsigned int width)
{
	const struct hash *at = t->partial[level];

	for (int bit = 7; bit >= 0; bit--) {
		unsigned int n = 1u << bit;

		if ((width & n) == 0)
			continue;
		t->subtree[8 * level + bit] = merkle_root(at, n);
		at += n;
	}
}

enum err
tree_load(const struct tile_source *s, uint64_t size, const struct hash *root,
    struct tree **out_tree)
{
	AUTO(tree) t = NULL;
	struct hash got;

	TRY(tree_new(&t));
	t->size = size;
	for (int level = 0; level < TILE_LEVELS; level++) {
		unsigned int width = tile_partial(level, size);
		struct tile_id id = { level, tile_full(level, size), width };

		if (width == 0)
			continue;
		TRY(tile_read(s, id, t->partial[level]));
		restore_subtrees(t, level, width);
	}
	got = tree_root(t);
	if (!merkle_equal(&got, root))
		return err_because(ERR_MISMATCH,
		    "the tiles do not hash to the checkpoint's root");
	*out_tree = STEAL(t);
	return ERR_OK;
}

/* Room for the tiles that one append can fill, at most one a level. */
static enum err
reserve_filled(struct tree *t)
{
	size_t room = t->filled_room != 0 ? t->filled_room * 2 : 16;
	struct filled *fresh;

	if (t->filled_count + TILE_LEVELS <= t->filled_room)
		return ERR_OK;
	if ((fresh = mem_resize(t->filled, room, sizeof(*fresh))) == NULL)
		return err_because(ERR_MEMORY, "no memory for full tiles");
	t->filled = fresh;
	t->filled_room = room;
	return ERR_OK;
}

/* hash is the root of a complete subtree of 256^level leaves. */
static void
put_in_tile(struct tree *t, int level, const struct hash *hash)
{
	unsigned int at = tile_partial(level, t->size);
	struct filled *f = &t->filled[t->filled_count];

	t->partial[level][at] = *hash;
	if (at + 1 < TILE_WIDTH)
		return;
	f->id = (struct tile_id){ level, tile_full(level, t->size),
	    TILE_WIDTH };
	memcpy(f->hash, t->partial[level], sizeof(f->hash));
	t->filled_count++;
}

enum err
tree_append(struct tree *t, const struct hash *leaf)
{
	struct hash carry = *leaf;
	unsigned int h = 0;

	TRY(reserve_filled(t));
	put_in_tile(t, 0, &carry);
	for (; (t->size >> h & 1) != 0; h++) {
		carry = merkle_node(&t->subtree[h], &carry);
		if ((h + 1) % 8 == 0)
			put_in_tile(t, (int)(h + 1) / 8, &carry);
	}
	t->subtree[h] = carry;
	t->size++;
	return ERR_OK;
}

uint64_t
tree_size(const struct tree *t)
{
	return t->size;
}

struct hash
tree_root(const struct tree *t)
{
	struct hash root = merkle_root(NULL, 0);
	bool any = false;

	for (unsigned int h = 0; h < 64; h++) {
		if ((t->size >> h & 1) == 0)
			continue;
		root = any ? merkle_node(&t->subtree[h], &root) :
		    t->subtree[h];
		any = true;
	}
	return root;
}

size_t
tree_filled(const struct tree *t)
{
	return t->filled_count;
}

struct tile_id
tree_filled_id(const struct tree *t, size_t i)
{
	return t->filled[i].id;
}

struct view
tree_filled_bytes(const struct tree *t, size_t i)
{
	return VIEW_OF(t->filled[i].hash);
}

void
tree_forget(struct tree *t)
{
	t->filled_count = 0;
}

struct view
tree_partial(const struct tree *t, int level)
{
	return VIEW(t->partial[level], tile_partial(level, t->size) *
	    sizeof(struct hash));
}
