/*
 * Hashes and roots against the known values of RFC 6962's reference trees.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "audit/merkle.h"

struct known {
	const char	*leaf;		/* hex of the entry added last */
	const char	*root;
};

/* transparency-dev/merkle testonly/constants.go */
static const struct known known[] = {
	{ "", "6e340b9cffb37a989ca544e6bb780a2c"
	    "78901d3fb33738768511a30617afa01d" },
	{ "00", "fac54203e7cc696cf0dfcb42c92a1d9d"
	    "baf70ad9e621f4bd8d98662f00e3c125" },
	{ "10", "aeb6bcfe274b70a14fb067a5e5578264"
	    "db0fa9b51af5e0ba159158f329e06e77" },
	{ "2021", "d37ee418976dd95753c1c73862b9398f"
	    "a2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "3031", "4e3bbb1f7b478dcfe71fb631631519a3"
	    "bca12c9aefca1612bfce4c13a86264d4" },
	{ "40414243", "76e67dadbcdf1e10e1b74ddc608abd2f"
	    "98dfb16fbce75277b5232a127f2087ef" },
	{ "5051525354555657", "ddb89be403809e325750d3d263cd7892"
	    "9c2942b7942a34b77e122c9594a74c8c" },
	{ "606162636465666768696a6b6c6d6e6f",
	    "5dc9da79a70659a9ad559cb701ded9a2"
	    "ab9d823aad2f4960cfe370eff4604328" },
};

static void
the_empty_tree_has_the_hash_of_nothing(void **state)
{
	struct hash root = merkle_root(NULL, 0);
	AUTO_DONE(bytes) hex = { 0 };

	(void)state;
	hex_put(&hex, VIEW_OF(root.at));
	assert_string_equal(bytes_text(&hex), "e3b0c44298fc1c149afbf4c8996fb"
	    "92427ae41e4649b934ca495991b7852b855");
}

static void
roots_of_the_reference_trees_are_the_known_ones(void **state)
{
	struct hash leaves[COUNT(known)];

	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		AUTO_DONE(bytes) entry = { 0 };
		AUTO_DONE(bytes) hex = { 0 };
		struct hash root;

		assert_int_equal(hex_get(view_text(known[i].leaf), &entry),
		    ERR_OK);
		leaves[i] = merkle_leaf(bytes_view(&entry));
		root = merkle_root(leaves, i + 1);
		hex_put(&hex, VIEW_OF(root.at));
		assert_string_equal(bytes_text(&hex), known[i].root);
	}
}

static void
a_leaf_is_never_a_node(void **state)
{
	struct hash pair[2] = { { { 1 } }, { { 2 } } };
	struct hash node = merkle_node(&pair[0], &pair[1]);
	struct hash leaf = merkle_leaf(VIEW_OF(pair));

	(void)state;
	assert_false(merkle_equal(&node, &leaf));
	assert_true(merkle_equal(&node, &node));
}

static int
setup(void **state)
{
	(void)state;
	return crypto_init() == ERR_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_tree_has_the_hash_of_nothing),
		cmocka_unit_test(
		    roots_of_the_reference_trees_are_the_known_ones),
		cmocka_unit_test(a_leaf_is_never_a_node),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
