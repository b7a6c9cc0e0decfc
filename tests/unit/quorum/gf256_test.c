/*
 * The field against a slow reference: all 65,536 products, all inverses.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "quorum/gf256.h"

/* Schoolbook: multiply the polynomials, then divide by 0x11b. */
static unsigned int
slow_product(unsigned int a, unsigned int b)
{
	unsigned int product = 0;

	for (unsigned int i = 0; i < 8; i++)
		if (b >> i & 1)
			product ^= a << i;
	for (unsigned int i = 14; i >= 8; i--)
		if (product >> i & 1)
			product ^= 0x11bu << (i - 8);
	return product;
}

static void
every_product_is_that_of_the_definition(void **state)
{
	(void)state;
	for (unsigned int a = 0; a < 256; a++)
		for (unsigned int b = 0; b < 256; b++)
			assert_int_equal(gf_multiply((uint8_t)a, (uint8_t)b),
			    slow_product(a, b));
}

static void
the_example_of_fips_197_holds(void **state)
{
	(void)state;
	assert_int_equal(gf_multiply(0x57, 0x83), 0xc1);
	assert_int_equal(gf_multiply(0x57, 0x13), 0xfe);
}

static void
every_element_but_0_times_its_inverse_is_1(void **state)
{
	(void)state;
	for (unsigned int a = 1; a < 256; a++)
		assert_int_equal(slow_product(a, gf_inverse((uint8_t)a)), 1);
	assert_int_equal(gf_inverse(0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_product_is_that_of_the_definition),
		cmocka_unit_test(the_example_of_fips_197_holds),
		cmocka_unit_test(every_element_but_0_times_its_inverse_is_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
