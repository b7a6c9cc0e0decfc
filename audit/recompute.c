/*
 * The root once more, from the top down and without tree.c: a tree of size n
 * is a complete subtree of the largest power of two and the tree of the rest
 * (RFC 6962 2.1). Complete subtrees known from before stand for their leaves;
 * all others are hashed from entries that are read again. Next in the flow:
 * the checkpoint is signed.
 */
#include "audit/recompute.h"

#include <string.h>

struct descent {
	const struct recompute	*known;
	const struct recompute_source *source;
	struct recompute	 fresh;	/* what will be known afterwards */
};

/* A known complete subtree that begins at low and has 2^height leaves. */
static const struct hash *
find_known(const struct recompute *r, uint64_t low, unsigned int height)
{
	uint64_t at = 0;
	unsigned int i = 0;

	for (int h = 63; h >= 0 && at <= low && low < r->size; h--) {
		if ((r->size >> h & 1) == 0)
			continue;
		if (at == low && h == (int)height)
			return &r->subtree[i];
		at += UINT64_C(1) << h;
		i++;
	}
	return NULL;
}

static enum err
complete(struct descent *d, uint64_t low, unsigned int height,
    struct hash *out_hash)
{
	const struct hash *known = find_known(d->known, low, height);
	struct hash half[2];
	struct view entry;

	if (known != NULL) {
		*out_hash = *known;
		return ERR_OK;
	}
	if (height == 0) {
		TRY(d->source->read(d->source->arg, low, &entry));
		*out_hash = merkle_leaf(entry);
		return ERR_OK;
	}
	TRY(complete(d, low, height - 1, &half[0]));
	TRY(complete(d, low + (UINT64_C(1) << (height - 1)), height - 1,
	    &half[1]));
	*out_hash = merkle_node(&half[0], &half[1]);
	return ERR_OK;
}

/* MTH(D[low:high]), high - low > 0, along the right edge. */
static enum err
edge(struct descent *d, uint64_t low, uint64_t high, struct hash *out_hash)
{
	unsigned int height = 63 - (unsigned int)__builtin_clzll(high - low);
	uint64_t middle = low + (UINT64_C(1) << height);
	struct hash left, right;

	TRY(complete(d, low, height, &left));
	d->fresh.subtree[d->fresh.count++] = left;
	if (middle == high) {
		*out_hash = left;
		return ERR_OK;
	}
	TRY(edge(d, middle, high, &right));
	*out_hash = merkle_node(&left, &right);
	return ERR_OK;
}

enum err
recompute_root(struct recompute *r, const struct recompute_source *s,
    uint64_t to, struct hash *out_root)
{
	struct descent d = { .known = r, .source = s, .fresh.size = to };
	struct hash root = sha256(VIEW(NULL, 0));

	if (to < r->size || to > INT64_MAX)
		return err_because(ERR_RANGE, "a log cannot go from size %llu "
		    "to %llu", (unsigned long long)r->size,
		    (unsigned long long)to);
	if (to != 0)
		TRY(edge(&d, 0, to, &root));
	*out_root = root;
	*r = d.fresh;
	return ERR_OK;
}

/* Every subtree of a size is a run of hashes inside one partial tile. */
static enum err
load_subtrees(struct recompute *r, const struct tile_source *s)
{
	for (int level = TILE_LEVELS - 1; level >= 0; level--) {
		struct tile_id id = { level, tile_full(level, r->size),
			tile_partial(level, r->size) };
		struct hash tile[TILE_WIDTH], *at = tile;

		if (id.width == 0)
			continue;
		TRY(tile_read(s, id, tile));
		for (unsigned int n = 128; n != 0; n /= 2) {
			if ((id.width & n) == 0)
				continue;
			r->subtree[r->count++] = merkle_root(at, n);
			at += n;
		}
	}
	return ERR_OK;
}

static enum err
no_entry(void *arg, uint64_t index, struct view *out_entry)
{
	(void)arg;
	(void)out_entry;
	return err_because(ERR_INTERNAL,
	    "entry %llu was asked for though its subtree is known",
	    (unsigned long long)index);
}

enum err
recompute_load(struct recompute *r, const struct tile_source *s,
    uint64_t size, const struct hash *root)
{
	struct recompute fresh = { .size = size };
	struct recompute_source none = { .read = no_entry };
	struct hash got;

	TRY(load_subtrees(&fresh, s));
	TRY(recompute_root(&fresh, &none, size, &got));
	if (!merkle_equal(&got, root))
		return err_because(ERR_MISMATCH,
		    "the tiles do not hash to the checkpoint's root");
	*r = fresh;
	return ERR_OK;
}

struct recompute_bundles {
	const struct tile_source *source;
	uint64_t	size;
	struct tile_id	held;
	struct bytes	bytes;
	struct view	entries[TILE_WIDTH];
};

enum err
recompute_bundles_new(const struct tile_source *s, uint64_t size,
    struct recompute_bundles **out)
{
	struct recompute_bundles *b = mem_new(1, sizeof(*b));

	if (b == NULL)
		return err_because(ERR_MEMORY, "no memory for a bundle");
	b->source = s;
	b->size = size;
	*out = b;
	return ERR_OK;
}

void
recompute_bundles_free(struct recompute_bundles *b)
{
	if (b != NULL)
		bytes_done(&b->bytes);
	mem_free(b);
}

static enum err
read_bundled(void *arg, uint64_t index, struct view *out_entry)
{
	struct recompute_bundles *b = arg;
	struct tile_id id = { TILE_ENTRIES, index / TILE_WIDTH,
		tile_width(TILE_ENTRIES, index / TILE_WIDTH, b->size) };

	if (index >= b->size)
		return err_because(ERR_RANGE, "no entry %llu in a log of %llu",
		    (unsigned long long)index, (unsigned long long)b->size);
	if (b->held.width == 0 || b->held.index != id.index) {
		b->held.width = 0;
		TRY(tile_read_bundle(b->source, id, &b->bytes, b->entries));
		b->held = id;
	}
	*out_entry = b->entries[index % TILE_WIDTH];
	return ERR_OK;
}

struct recompute_source
recompute_from(struct recompute_bundles *b)
{
	return (struct recompute_source){ .read = read_bundled, .arg = b };
}
