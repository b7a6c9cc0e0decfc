/*
 * Proofs against the recursive definition, for every pair of sizes up to 300,
 * and against the public vectors.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "audit/proof.h"

#define SIZE 300

static struct hash leaves[SIZE];
static struct hash level1[1];
static struct hash roots[SIZE + 1];

static enum err
read_array(void *arg, struct tile_id id, struct bytes *out)
{
	const struct hash *at = id.level == 0 ? leaves : level1;

	(void)arg;
	bytes_put(out, VIEW(at + id.index * 256,
	    id.width * sizeof(struct hash)));
	return bytes_check(out);
}

static const struct tile_source source = { .read = read_array };

static int
setup(void **state)
{
	(void)state;
	if (crypto_init() != ERR_OK)
		return -1;
	for (uint16_t i = 0; i < SIZE; i++)
		leaves[i] = merkle_leaf(VIEW(&i, sizeof(i)));
	for (size_t n = 0; n <= SIZE; n++)
		roots[n] = merkle_root(leaves, n);
	level1[0] = roots[256];
	return 0;
}

/* ---- the definitions of RFC 6962 2.1.1 and 2.1.2 over an array */

static size_t
largest_below(size_t n)
{
	size_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

static void
reference_path(size_t m, const struct hash *d, size_t n, struct proof *p)
{
	size_t k = n > 1 ? largest_below(n) : 0;

	if (n <= 1)
		return;
	if (m < k) {
		reference_path(m, d, k, p);
		p->at[p->count++] = merkle_root(d + k, n - k);
	} else {
		reference_path(m - k, d + k, n - k, p);
		p->at[p->count++] = merkle_root(d, k);
	}
}

static void
reference_subproof(size_t m, const struct hash *d, size_t n, bool whole,
    struct proof *p)
{
	size_t k = n > 1 ? largest_below(n) : 0;

	if (m == n) {
		if (!whole)
			p->at[p->count++] = merkle_root(d, n);
	} else if (m <= k) {
		reference_subproof(m, d, k, whole, p);
		p->at[p->count++] = merkle_root(d + k, n - k);
	} else {
		reference_subproof(m - k, d + k, n - k, false, p);
		p->at[p->count++] = merkle_root(d, k);
	}
}

static void
assert_same(const struct proof *a, const struct proof *b)
{
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->at, b->at, a->count * sizeof(a->at[0]));
}

static void
every_inclusion_proof_up_to_300_is_the_defined_one_and_checks(void **state)
{
	(void)state;
	for (size_t n = 1; n <= SIZE; n++)
		for (size_t m = 0; m < n; m++) {
			struct proof want = { 0 }, p;

			reference_path(m, leaves, n, &want);
			assert_int_equal(proof_inclusion(&source, m, n, &p),
			    ERR_OK);
			assert_same(&p, &want);
			assert_int_equal(proof_check_inclusion(&p, m, n,
			    &leaves[m], &roots[n]), ERR_OK);
			assert_int_equal(proof_check_inclusion(&p, m, n,
			    &leaves[(m + 1) % SIZE], &roots[n]),
			    ERR_MISMATCH);
			if (n > 1)
				assert_int_equal(proof_check_inclusion(&p,
				    m ^ 1, n, &leaves[m], &roots[n]),
				    ERR_MISMATCH);
		}
}

static void
every_consistency_proof_up_to_300_is_the_defined_one_and_checks(void **state)
{
	(void)state;
	for (size_t n = 1; n <= SIZE; n++)
		for (size_t m = 1; m <= n; m++) {
			struct proof want = { 0 }, p;

			reference_subproof(m, leaves, n, true, &want);
			assert_int_equal(proof_consistency(&source, m, n,
			    &p), ERR_OK);
			assert_same(&p, &want);
			assert_int_equal(proof_check_consistency(&p, m, n,
			    &roots[m], &roots[n]), ERR_OK);
			assert_int_equal(proof_check_consistency(&p, m, n,
			    &roots[m - 1], &roots[n]), ERR_MISMATCH);
		}
}

static void
an_empty_old_tree_proves_nothing_and_takes_no_proof(void **state)
{
	struct proof p = { 0 };

	(void)state;
	assert_int_equal(proof_check_consistency(&p, 0, 5, &roots[0],
	    &roots[5]), ERR_OK);
	assert_int_equal(proof_check_consistency(&p, 0, 5, &roots[1],
	    &roots[5]), ERR_MISMATCH);
	p.count = 1;
	assert_int_equal(proof_check_consistency(&p, 0, 5, &roots[0],
	    &roots[5]), ERR_MISMATCH);
	assert_int_equal(proof_check_consistency(&p, 0, 0, &roots[0],
	    &roots[0]), ERR_MISMATCH);
}

static void
what_cannot_be_proven_is_out_of_range(void **state)
{
	struct proof p = { .count = 99 };
	struct hash root;

	(void)state;
	assert_int_equal(proof_inclusion(&source, 0, 0, &p), ERR_RANGE);
	assert_int_equal(proof_inclusion(&source, 5, 5, &p), ERR_RANGE);
	assert_int_equal(proof_inclusion(&source, 0, UINT64_MAX, &p),
	    ERR_RANGE);
	assert_int_equal(proof_consistency(&source, 0, 5, &p), ERR_RANGE);
	assert_int_equal(proof_consistency(&source, 6, 5, &p), ERR_RANGE);
	assert_int_equal(proof_consistency(&source, 1, UINT64_C(1) << 63,
	    &p), ERR_RANGE);
	assert_int_equal(proof_root(&source, UINT64_C(1) << 63, &root),
	    ERR_RANGE);
	assert_int_equal(p.count, 99);
	assert_int_equal(proof_check_inclusion(&p, 0, 0, &leaves[0],
	    &roots[0]), ERR_MISMATCH);
}

static void
any_flipped_bit_of_a_proof_is_noticed(void **state)
{
	struct proof p;

	(void)state;
	assert_int_equal(proof_inclusion(&source, 100, SIZE, &p), ERR_OK);
	for (size_t i = 0; i < p.count * 256; i++) {
		p.at[i / 256].at[i / 8 % 32] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(proof_check_inclusion(&p, 100, SIZE,
		    &leaves[100], &roots[SIZE]), ERR_MISMATCH);
		p.at[i / 256].at[i / 8 % 32] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(proof_consistency(&source, 100, SIZE, &p), ERR_OK);
	for (size_t i = 0; i < p.count * 256; i++) {
		p.at[i / 256].at[i / 8 % 32] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(proof_check_consistency(&p, 100, SIZE,
		    &roots[100], &roots[SIZE]), ERR_MISMATCH);
		p.at[i / 256].at[i / 8 % 32] ^= (uint8_t)(1 << i % 8);
	}
}

static void
a_proof_of_another_length_is_told_as_such(void **state)
{
	struct proof p;

	(void)state;
	assert_int_equal(proof_inclusion(&source, 100, SIZE, &p), ERR_OK);
	p.at[p.count++] = roots[1];
	assert_int_equal(proof_check_inclusion(&p, 100, SIZE, &leaves[100],
	    &roots[SIZE]), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "too long"));
	assert_int_equal(proof_consistency(&source, 100, SIZE, &p), ERR_OK);
	p.at[p.count++] = roots[1];
	assert_int_equal(proof_check_consistency(&p, 100, SIZE, &roots[100],
	    &roots[SIZE]), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "too long"));
	p.count = 0;
	assert_int_equal(proof_check_consistency(&p, 100, SIZE, &roots[100],
	    &roots[SIZE]), ERR_MISMATCH);
	assert_non_null(strstr(err_why(), "empty"));
}

/* A source whose tile is missing. */
static enum err
read_nothing(void *arg, struct tile_id id, struct bytes *out)
{
	(void)arg;
	(void)out;
	return id.level == 0 && id.index == 1 ?
	    err_because(ERR_NOT_FOUND, "no tile") :
	    read_array(NULL, id, out);
}

static void
a_missing_tile_leaves_no_half_proof(void **state)
{
	struct tile_source holed = { .read = read_nothing };
	struct proof p = { .count = 99 };

	(void)state;
	assert_int_equal(proof_inclusion(&holed, 3, SIZE, &p),
	    ERR_NOT_FOUND);
	assert_int_equal(proof_consistency(&holed, 3, SIZE, &p),
	    ERR_NOT_FOUND);
	assert_int_equal(p.count, 99);
}

/* ---- public vectors: transparency-dev/merkle */

#define VECTORS "../shared/vectors/merkle"

struct tally {
	unsigned int agree, other;
};

static bool
get_hash(const json_t *v, struct hash *out)
{
	AUTO_DONE(bytes) b = { 0 };

	if (base64_get(view_text(json_string_value(v)), &b) != ERR_OK ||
	    b.len != sizeof(*out))
		return false;
	memcpy(out, b.at, b.len);
	return true;
}

/* Roots are any bytes there ("don't care"): equal ones stay equal. */
static bool
get_root(const json_t *v, struct hash *out)
{
	AUTO_DONE(bytes) b = { 0 };

	if (base64_get(view_text(json_string_value(v)), &b) != ERR_OK)
		return false;
	if (b.len == sizeof(*out))
		return get_hash(v, out);
	*out = sha256(bytes_view(&b));
	return true;
}

/* Some vectors have -1 as an unsigned number, which jansson reads as a real. */
static uint64_t
number(const json_t *o, const char *name)
{
	double v = json_number_value(json_object_get(o, name));

	return v < 9e18 ? (uint64_t)v : UINT64_MAX;
}

/* What our verifier says; hashes of a wrong length do not even parse. */
static bool
accepts(json_t *o, bool inclusion)
{
	json_t *proof = json_object_get(o, "proof"), *v;
	struct proof p = { 0 };
	struct hash a, b;
	size_t i;

	json_array_foreach(proof, i, v) {
		if (p.count == PROOF_MAX || !get_hash(v, &p.at[p.count++]))
			return false;
	}
	if (inclusion)
		return get_hash(json_object_get(o, "leafHash"), &a) &&
		    get_hash(json_object_get(o, "root"), &b) &&
		    proof_check_inclusion(&p, number(o, "leafIdx"),
		    number(o, "treeSize"), &a, &b) == ERR_OK;
	return get_root(json_object_get(o, "root1"), &a) &&
	    get_root(json_object_get(o, "root2"), &b) &&
	    proof_check_consistency(&p, number(o, "size1"),
	    number(o, "size2"), &a, &b) == ERR_OK;
}

static void
try_vector(const char *path, bool inclusion, struct tally *t)
{
	json_t *o = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
	bool want;

	assert_non_null(o);
	want = !json_is_true(json_object_get(o, "wantErr"));
	if (accepts(o, inclusion) == want) {
		t->agree++;
	} else {
		/* they refuse size 0, which proves nothing; we accept it */
		assert_false(inclusion);
		assert_false(want);
		assert_int_equal(number(o, "size1"), 0);
		t->other++;
	}
	json_decref(o);
}

static void
try_folder(const char *path, bool inclusion, struct tally *t)
{
	DIR *d = opendir(path);

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		char below[600];

		if (e->d_name[0] == '.')
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (strstr(e->d_name, ".json") != NULL)
			try_vector(below, inclusion, t);
		else
			try_folder(below, inclusion, t);
	}
	closedir(d);
}

static void
the_public_vectors_agree_but_for_size_zero(void **state)
{
	struct tally t = { 0 };
	DIR *d = opendir(VECTORS);

	(void)state;
	if (d == NULL) {
		print_message("no " VECTORS ": skipped\n");
		skip();
	}
	closedir(d);
	try_folder(VECTORS "/inclusion", true, &t);
	try_folder(VECTORS "/consistency", false, &t);
	print_message("%u vectors agree, %u are of size 0\n", t.agree,
	    t.other);
	assert_int_equal(t.agree, 195);
	assert_int_equal(t.other, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
	    every_inclusion_proof_up_to_300_is_the_defined_one_and_checks),
		cmocka_unit_test(
	    every_consistency_proof_up_to_300_is_the_defined_one_and_checks),
		cmocka_unit_test(
		    an_empty_old_tree_proves_nothing_and_takes_no_proof),
		cmocka_unit_test(what_cannot_be_proven_is_out_of_range),
		cmocka_unit_test(any_flipped_bit_of_a_proof_is_noticed),
		cmocka_unit_test(a_proof_of_another_length_is_told_as_such),
		cmocka_unit_test(a_missing_tile_leaves_no_half_proof),
		cmocka_unit_test(the_public_vectors_agree_but_for_size_zero),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
