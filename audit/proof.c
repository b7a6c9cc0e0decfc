/*
 * Proofs. They are made by walking the definition from the top (RFC 6962
 * 2.1.1, 2.1.2) over whole subtrees read from tiles, and checked by the
 * iterations of RFC 9162. Proofs that are checked come from anyone. Next in
 * the flow: receipt.c.
 */
#include "audit/proof.h"

#include <string.h>

/* A proof touches two tiles of a level; each is read once. */
struct walk {
	const struct tile_source *source;
	uint64_t	size;
	struct tile_id	held[2 * TILE_LEVELS];
	struct hash	hash[2 * TILE_LEVELS][TILE_WIDTH];
	size_t		next;
	struct proof	*proof;
};

static void
walk_free(struct walk *w)
{
	mem_free(w);
}
AUTO_STRUCT(walk);

static enum err
walk_new(const struct tile_source *s, uint64_t size, struct proof *proof,
    struct walk **out_walk)
{
	struct walk *w = mem_new(1, sizeof(*w));

	if (w == NULL)
		return err_because(ERR_MEMORY, "no memory for a proof");
	w->source = s;
	w->size = size;
	w->proof = proof;
	*out_walk = w;
	return ERR_OK;
}

static enum err
hold_tile(struct walk *w, int level, uint64_t index,
    const struct hash **out_hashes)
{
	struct tile_id id = { level, index, tile_width(level, index,
	    w->size) };
	size_t slot;

	for (size_t i = 0; i < COUNT(w->held); i++)
		if (w->held[i].width != 0 && w->held[i].level == level &&
		    w->held[i].index == index) {
			*out_hashes = w->hash[i];
			return ERR_OK;
		}
	slot = w->next++ % COUNT(w->held);
	w->held[slot].width = 0;
	TRY(tile_read(w->source, id, w->hash[slot]));
	w->held[slot] = id;
	*out_hashes = w->hash[slot];
	return ERR_OK;
}

/* Largest power of two below n, as its exponent; n > 1. */
static unsigned int
split(uint64_t n)
{
	return 63 - (unsigned int)__builtin_clzll(n - 1);
}

/*
 * MTH(D[low:high]) as the recursion meets it: low is a multiple of the next
 * power of two, so complete subtrees lie inside one tile.
 */
static enum err
subtree(struct walk *w, uint64_t low, uint64_t high, struct hash *out_hash)
{
	uint64_t n = high - low, k;
	struct hash left, right;

	if ((n & (n - 1)) == 0) {
		unsigned int height = (unsigned int)__builtin_ctzll(n);
		int level = (int)height / 8;
		uint64_t first = low >> (8 * level);
		const struct hash *tile;

		TRY(hold_tile(w, level, first / TILE_WIDTH, &tile));
		*out_hash = merkle_root(tile + first % TILE_WIDTH,
		    (size_t)1 << height % 8);
		return ERR_OK;
	}
	k = UINT64_C(1) << split(n);
	TRY(subtree(w, low, low + k, &left));
	TRY(subtree(w, low + k, high, &right));
	*out_hash = merkle_node(&left, &right);
	return ERR_OK;
}

/* Appends a subtree's hash to the proof. */
static enum err
add(struct walk *w, uint64_t low, uint64_t high)
{
	TRY(subtree(w, low, high, &w->proof->at[w->proof->count]));
	w->proof->count++;
	return ERR_OK;
}

/* PATH(m, D[low:high]) of RFC 6962 2.1.1 */
static enum err
path(struct walk *w, uint64_t m, uint64_t low, uint64_t high)
{
	uint64_t middle;

	if (high - low <= 1)
		return ERR_OK;
	middle = low + (UINT64_C(1) << split(high - low));
	if (m < middle) {
		TRY(path(w, m, low, middle));
		return add(w, middle, high);
	}
	TRY(path(w, m, middle, high));
	return add(w, low, middle);
}

/* SUBPROOF(m, D[low:high], whole) of RFC 6962 2.1.2; m counts from 0. */
static enum err
subproof(struct walk *w, uint64_t m, uint64_t low, uint64_t high, bool whole)
{
	uint64_t middle;

	if (m == high)
		return whole ? ERR_OK : add(w, low, high);
	middle = low + (UINT64_C(1) << split(high - low));
	if (m <= middle) {
		TRY(subproof(w, m, low, middle, whole));
		return add(w, middle, high);
	}
	TRY(subproof(w, m, middle, high, false));
	return add(w, low, middle);
}

enum err
proof_inclusion(const struct tile_source *s, uint64_t index, uint64_t size,
    struct proof *out_proof)
{
	struct proof p = { 0 };
	AUTO(walk) w = NULL;

	if (index >= size || size > INT64_MAX)
		return err_because(ERR_RANGE, "no entry %llu in a tree of "
		    "%llu", (unsigned long long)index,
		    (unsigned long long)size);
	TRY(walk_new(s, size, &p, &w));
	TRY(path(w, index, 0, size));
	*out_proof = p;
	return ERR_OK;
}

enum err
proof_consistency(const struct tile_source *s, uint64_t from, uint64_t size,
    struct proof *out_proof)
{
	struct proof p = { 0 };
	AUTO(walk) w = NULL;

	if (from == 0 || from > size || size > INT64_MAX)
		return err_because(ERR_RANGE, "no consistency from size %llu "
		    "to %llu can be proven", (unsigned long long)from,
		    (unsigned long long)size);
	TRY(walk_new(s, size, &p, &w));
	TRY(subproof(w, from, 0, size, true));
	*out_proof = p;
	return ERR_OK;
}

enum err
proof_root(const struct tile_source *s, uint64_t size,
    struct hash *out_root)
{
	AUTO(walk) w = NULL;

	if (size == 0) {
		*out_root = merkle_root(NULL, 0);
		return ERR_OK;
	}
	if (size > INT64_MAX)
		return err_because(ERR_RANGE, "no tree is that large");
	TRY(walk_new(s, size, NULL, &w));
	return subtree(w, 0, size, out_root);
}

static enum err
wrong(const char *what)
{
	return err_because(ERR_MISMATCH, "%s", what);
}

enum err
proof_check_inclusion(const struct proof *p, uint64_t index, uint64_t size,
    const struct hash *leaf, const struct hash *root)
{
	struct hash r = *leaf;
	uint64_t fn = index, sn = size - 1;

	if (index >= size)
		return wrong("inclusion proof: the index is not in the tree");
	for (size_t i = 0; i < p->count; i++) {
		if (sn == 0)
			return wrong("inclusion proof: too long "
			    "(RFC 9162 2.1.3.2)");
		if ((fn & 1) != 0 || fn == sn) {
			r = merkle_node(&p->at[i], &r);
			for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
				sn >>= 1;
		} else {
			r = merkle_node(&r, &p->at[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0 || !merkle_equal(&r, root))
		return wrong("inclusion proof: does not lead to the root "
		    "(RFC 9162 2.1.3.2)");
	return ERR_OK;
}

/* RFC 9162 2.1.4.2, steps 3 to 7, for 0 < from < size. */
static enum err
check_growth(const struct proof *p, uint64_t from, uint64_t size,
    const struct hash *from_root, const struct hash *root)
{
	/* a complete old tree is itself the first node of the path */
	bool complete = (from & (from - 1)) == 0;
	size_t i = complete ? 0 : 1;
	uint64_t fn = from - 1, sn = size - 1;
	struct hash fr, sr;

	if (p->count == 0)
		return wrong("consistency proof: empty (RFC 9162 2.1.4.2)");
	fr = sr = complete ? *from_root : p->at[0];
	for (; (fn & 1) != 0; fn >>= 1)
		sn >>= 1;
	for (; i < p->count; i++) {
		if (sn == 0)
			return wrong("consistency proof: too long "
			    "(RFC 9162 2.1.4.2)");
		if ((fn & 1) != 0 || fn == sn) {
			fr = merkle_node(&p->at[i], &fr);
			sr = merkle_node(&p->at[i], &sr);
			for (; (fn & 1) == 0 && fn != 0; fn >>= 1)
				sn >>= 1;
		} else {
			sr = merkle_node(&sr, &p->at[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0 || !merkle_equal(&fr, from_root) ||
	    !merkle_equal(&sr, root))
		return wrong("consistency proof: does not lead to both roots "
		    "(RFC 9162 2.1.4.2)");
	return ERR_OK;
}

enum err
proof_check_consistency(const struct proof *p, uint64_t from, uint64_t size,
    const struct hash *from_root, const struct hash *root)
{
	struct hash empty = merkle_root(NULL, 0);

	if (from > size)
		return wrong("consistency proof: the tree shrank");
	if (from == 0 && !merkle_equal(from_root, &empty))
		return wrong("consistency proof: not the root of an empty "
		    "tree");
	if (from != 0 && from < size)
		return check_growth(p, from, size, from_root, root);
	if (p->count != 0)
		return wrong("consistency proof: wanted an empty one");
	if (from == size && !merkle_equal(from_root, root))
		return wrong("two roots for one size");
	return ERR_OK;
}
