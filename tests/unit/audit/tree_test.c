/*
 * The growing tree against the recursive definition, its tiles, restoring it,
 * and the second computation of its root.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "audit/recompute.h"
#include "audit/tree.h"

#define SIZE 70000

/* Leaf i is the hash of its number; all of them, and all their tiles. */
static struct hash leaves[SIZE];
static struct hash level1[SIZE / 256];
static struct hash level2[SIZE / 65536];

static void
number_entry(uint64_t i, uint8_t out[8])
{
	for (int b = 0; b < 8; b++)
		out[b] = (uint8_t)(i >> (56 - 8 * b));
}

static int
setup(void **state)
{
	uint8_t entry[8];

	(void)state;
	if (crypto_init() != ERR_OK)
		return -1;
	for (uint64_t i = 0; i < SIZE; i++) {
		number_entry(i, entry);
		leaves[i] = merkle_leaf(VIEW_OF(entry));
	}
	for (size_t i = 0; i < COUNT(level1); i++)
		level1[i] = merkle_root(leaves + i * 256, 256);
	for (size_t i = 0; i < COUNT(level2); i++)
		level2[i] = merkle_root(leaves + i * 65536, 65536);
	return 0;
}

static const struct hash *
tile_hashes(struct tile_id id)
{
	const struct hash *const levels[] = { leaves, level1, level2 };

	return levels[id.level] + id.index * 256;
}

/* A tile source made of the arrays above; *arg counts the reads. */
static enum err
read_array(void *arg, struct tile_id id, struct bytes *out)
{
	unsigned int *reads = arg;

	(*reads)++;
	bytes_put(out, VIEW(tile_hashes(id), id.width * sizeof(struct hash)));
	return bytes_check(out);
}

static void
every_root_up_to_1100_is_that_of_the_definition(void **state)
{
	AUTO(tree) t = NULL;
	struct hash root, want;

	(void)state;
	assert_int_equal(tree_new(&t), ERR_OK);
	for (size_t n = 0; n <= 1100; n++) {
		root = tree_root(t);
		want = merkle_root(leaves, n);
		assert_true(tree_size(t) == n);
		assert_memory_equal(&root, &want, sizeof(root));
		assert_int_equal(tree_append(t, &leaves[n]), ERR_OK);
	}
}

static void
full_and_partial_tiles_are_those_of_the_definition(void **state)
{
	AUTO(tree) t = NULL;
	size_t seen[3] = { 0 };
	struct hash root, want = merkle_root(leaves, SIZE);

	(void)state;
	assert_int_equal(tree_new(&t), ERR_OK);
	for (size_t n = 0; n < SIZE; n++) {
		assert_int_equal(tree_append(t, &leaves[n]), ERR_OK);
		for (size_t i = 0; i < tree_filled(t); i++) {
			struct tile_id id = tree_filled_id(t, i);

			assert_true(id.index == seen[id.level]++);
			assert_int_equal(id.width, 256);
			assert_memory_equal(tree_filled_bytes(t, i).at,
			    tile_hashes(id), TILE_SIZE);
		}
		tree_forget(t);
	}
	assert_int_equal(seen[0], 273);
	assert_int_equal(seen[1], 1);
	assert_int_equal(tree_partial(t, 0).len, 112 * 32);
	assert_int_equal(tree_partial(t, 1).len, 17 * 32);
	assert_int_equal(tree_partial(t, 2).len, 32);
	assert_int_equal(tree_partial(t, 3).len, 0);
	assert_memory_equal(tree_partial(t, 0).at, leaves + 69888, 112 * 32);
	assert_memory_equal(tree_partial(t, 1).at, level1 + 256, 17 * 32);
	assert_memory_equal(tree_partial(t, 2).at, level2, 32);
	root = tree_root(t);
	assert_memory_equal(&root, &want, sizeof(root));
}

static void
tiles_not_yet_taken_are_kept(void **state)
{
	AUTO(tree) t = NULL;

	(void)state;
	assert_int_equal(tree_new(&t), ERR_OK);
	for (size_t n = 0; n < SIZE; n++)
		assert_int_equal(tree_append(t, &leaves[n]), ERR_OK);
	assert_int_equal(tree_filled(t), 274);
	/* the tile above is filled by the append that fills its last child */
	assert_int_equal(tree_filled_id(t, 256).level, 1);
	assert_memory_equal(tree_filled_bytes(t, 256).at, level1, TILE_SIZE);
	tree_forget(t);
	assert_int_equal(tree_filled(t), 0);
}

static void
a_restored_tree_grows_like_the_original(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 255, 256, 257, 511, 512, 513,
		1000, 65535, 65536, 65537, 69999 };
	unsigned int reads = 0;
	struct tile_source s = { read_array, &reads };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		AUTO(tree) t = NULL;
		size_t n = sizes[i], to = n + 600 < SIZE ? n + 600 : SIZE;
		struct hash root = merkle_root(leaves, n);
		struct hash want = merkle_root(leaves, to);

		reads = 0;
		assert_int_equal(tree_load(&s, n, &root, &t), ERR_OK);
		assert_true(reads <= TILE_LEVELS);
		for (; n < to; n++)
			assert_int_equal(tree_append(t, &leaves[n]), ERR_OK);
		root = tree_root(t);
		assert_memory_equal(&root, &want, sizeof(root));
	}
}

static void
a_tree_whose_tiles_do_not_hash_to_the_root_is_refused(void **state)
{
	unsigned int reads = 0;
	struct tile_source s = { read_array, &reads };
	struct hash root = merkle_root(leaves, 1000);
	struct recompute r = { 0 };
	AUTO(tree) t = NULL;

	(void)state;
	root.at[31] ^= 1;
	assert_int_equal(tree_load(&s, 1000, &root, &t), ERR_MISMATCH);
	assert_null(t);
	assert_int_equal(recompute_load(&r, &s, 1000, &root), ERR_MISMATCH);
	assert_true(r.size == 0 && r.count == 0);
}

static enum err
nothing_there(void *arg, struct tile_id id, struct bytes *out)
{
	(void)arg;
	(void)id;
	(void)out;
	return err_because(ERR_NOT_FOUND, "no tile");
}

static void
a_tree_whose_tiles_are_missing_is_refused(void **state)
{
	struct tile_source s = { .read = nothing_there };
	struct hash root = merkle_root(leaves, 1000);
	AUTO(tree) t = NULL;

	(void)state;
	assert_int_equal(tree_load(&s, 1000, &root, &t), ERR_NOT_FOUND);
	assert_null(t);
}

/* ---- the second computation */

struct again {
	uint64_t	next;		/* entries are asked for in order */
	uint64_t	flip;		/* this one comes with a bit flipped */
	uint8_t		entry[8];
};

static enum err
read_number(void *arg, uint64_t index, struct view *out_entry)
{
	struct again *a = arg;

	assert_true(index == a->next++);
	number_entry(index, a->entry);
	if (index == a->flip)
		a->entry[3] ^= 0x10;
	*out_entry = VIEW_OF(a->entry);
	return ERR_OK;
}

static void
the_second_computation_agrees_for_every_pair_up_to_300(void **state)
{
	(void)state;
	for (uint64_t from = 0; from <= 300; from++) {
		struct again a = { .flip = UINT64_MAX };
		struct recompute_source s = { read_number, &a };
		struct recompute start = { 0 };
		struct hash root, want;

		assert_int_equal(recompute_root(&start, &s, from, &root),
		    ERR_OK);
		for (uint64_t to = from; to <= 300; to++) {
			struct recompute r = start;

			a.next = from;
			assert_int_equal(recompute_root(&r, &s, to, &root),
			    ERR_OK);
			want = merkle_root(leaves, to);
			assert_memory_equal(&root, &want, sizeof(root));
			assert_true(r.size == to && a.next == to);
		}
	}
}

static void
the_second_computation_goes_on_from_published_tiles(void **state)
{
	unsigned int reads = 0;
	struct tile_source tiles = { read_array, &reads };
	struct again a = { .next = 65999, .flip = UINT64_MAX };
	struct recompute_source s = { read_number, &a };
	struct hash root = merkle_root(leaves, 65999);
	struct hash want = merkle_root(leaves, SIZE);
	struct recompute r = { 0 };

	(void)state;
	assert_int_equal(recompute_load(&r, &tiles, 65999, &root), ERR_OK);
	assert_int_equal(recompute_root(&r, &s, SIZE, &root), ERR_OK);
	assert_memory_equal(&root, &want, sizeof(root));
	assert_true(a.next == SIZE);
}

static void
one_flipped_bit_gives_another_root(void **state)
{
	struct hash want = merkle_root(leaves, 40), root;

	(void)state;
	for (uint64_t flip = 0; flip < 40; flip++) {
		struct again a = { .flip = flip };
		struct recompute_source s = { read_number, &a };
		struct recompute r = { 0 };

		assert_int_equal(recompute_root(&r, &s, 40, &root), ERR_OK);
		assert_memory_not_equal(&root, &want, sizeof(root));
	}
}

static void
a_log_that_would_shrink_is_refused(void **state)
{
	struct again a = { .flip = UINT64_MAX };
	struct recompute_source s = { read_number, &a };
	struct recompute r = { 0 };
	struct hash root;

	(void)state;
	assert_int_equal(recompute_root(&r, &s, 10, &root), ERR_OK);
	assert_int_equal(recompute_root(&r, &s, 9, &root), ERR_RANGE);
	assert_int_equal(recompute_root(&r, &s, UINT64_MAX, &root),
	    ERR_RANGE);
	assert_true(r.size == 10);
}

static enum err
fail_at_seven(void *arg, uint64_t index, struct view *out_entry)
{
	if (index == 7)
		return err_because(ERR_SYSTEM, "injected");
	return read_number(arg, index, out_entry);
}

static void
an_entry_that_cannot_be_read_again_leaves_all_as_it_was(void **state)
{
	struct again a = { .flip = UINT64_MAX };
	struct recompute_source s = { fail_at_seven, &a };
	struct recompute r = { 0 }, before;
	struct hash root;

	(void)state;
	assert_int_equal(recompute_root(&r, &s, 5, &root), ERR_OK);
	before = r;
	assert_int_equal(recompute_root(&r, &s, 10, &root), ERR_SYSTEM);
	assert_memory_equal(&r, &before, sizeof(r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_root_up_to_1100_is_that_of_the_definition),
		cmocka_unit_test(
		    full_and_partial_tiles_are_those_of_the_definition),
		cmocka_unit_test(tiles_not_yet_taken_are_kept),
		cmocka_unit_test(a_restored_tree_grows_like_the_original),
		cmocka_unit_test(
		    a_tree_whose_tiles_do_not_hash_to_the_root_is_refused),
		cmocka_unit_test(a_tree_whose_tiles_are_missing_is_refused),
		cmocka_unit_test(
		    the_second_computation_agrees_for_every_pair_up_to_300),
		cmocka_unit_test(
		    the_second_computation_goes_on_from_published_tiles),
		cmocka_unit_test(one_flipped_bit_gives_another_root),
		cmocka_unit_test(a_log_that_would_shrink_is_refused),
		cmocka_unit_test(
		    an_entry_that_cannot_be_read_again_leaves_all_as_it_was),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
