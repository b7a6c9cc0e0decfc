/*
 * Finding the damage. Runs only when verify.c has found that the entries do
 * not give the signed root, so it may take its time: a tile is believed when
 * it hashes to what the believed tile above it says, and the entries below a
 * tile that is not believed are hashed up to it. Next in the flow: the report.
 */
#include "audit/locate.h"

#include <string.h>

#include "audit/tree.h"

struct search {
	const struct tile_source *source;
	uint64_t		 size;
	struct locate_range	 range;
	bool			 found;
};

static bool
is_damage(enum err e)
{
	return e == ERR_NOT_FOUND || e == ERR_CORRUPT || e == ERR_SYNTAX ||
	    e == ERR_TOO_LARGE;
}

/*
 * Leaf hashes of a bundle, or what stands for it when it is gone; how many
 * there are is the caller's knowledge.
 */
static enum err
read_leaves(const struct search *s, uint64_t index,
    struct hash out_leaves[TILE_WIDTH])
{
	struct tile_id id = { TILE_ENTRIES, index,
		tile_width(TILE_ENTRIES, index, s->size) };
	struct view entries[TILE_WIDTH];
	AUTO_DONE(bytes) buffer = { 0 };
	enum err e = tile_read_bundle(s->source, id, &buffer, entries);

	if (e == ERR_NOT_FOUND) {
		id.level = 0;
		return tile_read(s->source, id, out_leaves);
	}
	TRY(e);
	for (unsigned int i = 0; i < id.width; i++)
		out_leaves[i] = merkle_leaf(entries[i]);
	return ERR_OK;
}

/* The hash of a full tile as its entries, not its file, have it. */
static enum err
derive(const struct search *s, int level, uint64_t index,
    struct hash *out_hash)
{
	struct hash child[TILE_WIDTH];

	if (level == 0)
		TRY(read_leaves(s, index, child));
	for (unsigned int i = 0; level > 0 && i < TILE_WIDTH; i++)
		TRY(derive(s, level - 1, index * TILE_WIDTH + i, &child[i]));
	*out_hash = merkle_root(child, TILE_WIDTH);
	return ERR_OK;
}

static void
found(struct search *s, int level, uint64_t index)
{
	unsigned int bits = 8 * ((unsigned int)level + 1);

	s->range.first = index << bits;
	s->range.last = ((index + 1) << bits) - 1;
	s->found = true;
}

/* Entries against the believed hashes of their level-0 tile. */
static enum err
compare_leaves(struct search *s, uint64_t index, const struct hash *tile)
{
	struct hash leaves[TILE_WIDTH];
	enum err e = read_leaves(s, index, leaves);

	if (e != ERR_OK)
		return is_damage(e) ? ERR_OK : e;
	for (unsigned int i = 0; i < tile_width(0, index, s->size); i++)
		if (!merkle_equal(&leaves[i], &tile[i])) {
			s->range.first = index * TILE_WIDTH + i;
			s->range.last = s->range.first;
			s->found = true;
			return ERR_OK;
		}
	return ERR_OK;
}

static enum err descend(struct search *s, int level, uint64_t index,
    const struct hash *believed);

/* A believed tile: everything below it, until something is found. */
static enum err
search_below(struct search *s, int level, uint64_t index,
    const struct hash *tile)
{
	if (level == 0)
		return compare_leaves(s, index, tile);
	for (unsigned int i = 0; !s->found &&
	    i < tile_width(level, index, s->size); i++)
		TRY(descend(s, level - 1, index * TILE_WIDTH + i, &tile[i]));
	return ERR_OK;
}

/* A full tile, of which only the hash is believed so far. */
static enum err
descend(struct search *s, int level, uint64_t index,
    const struct hash *believed)
{
	struct hash tile[TILE_WIDTH], hash;
	enum err e = tile_read(s->source, (struct tile_id){ level, index,
	    TILE_WIDTH }, tile);

	if (e != ERR_OK && !is_damage(e))
		return e;
	if (e == ERR_OK) {
		hash = merkle_root(tile, TILE_WIDTH);
		if (merkle_equal(&hash, believed))
			return search_below(s, level, index, tile);
	}
	e = derive(s, level, index, &hash);
	if (e != ERR_OK)
		return is_damage(e) ? ERR_OK : e;
	if (!merkle_equal(&hash, believed))
		found(s, level, index);
	return ERR_OK;
}

/* The partial tiles, which together hash to the root or are not believed. */
static enum err
search_edge(struct search *s)
{
	for (int level = TILE_LEVELS - 1; level >= 0 && !s->found; level--) {
		struct tile_id id = { level, tile_full(level, s->size),
			tile_partial(level, s->size) };
		struct hash tile[TILE_WIDTH];

		if (id.width == 0)
			continue;
		TRY(tile_read(s->source, id, tile));
		TRY(search_below(s, level, id.index, tile));
	}
	return ERR_OK;
}

enum err
locate_damage(const struct tile_source *source, uint64_t size,
    const struct hash *root, struct locate_range *out_range)
{
	struct search s = { .source = source, .size = size,
		.range = { 1, 0 } };
	AUTO(tree) edge = NULL;
	enum err e = tree_load(source, size, root, &edge);

	if (e == ERR_OK) {
		TRY(search_edge(&s));
	} else if (e == ERR_MISMATCH) {
		s.range = (struct locate_range){ 0, size - 1 };
	} else if (!is_damage(e)) {
		return e;
	}
	*out_range = s.range;
	return ERR_OK;
}
