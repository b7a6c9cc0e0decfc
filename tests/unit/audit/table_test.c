/*
 * Items by name: found again, zero when new, thousands of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "audit/table.h"

static void
name_of(uint32_t i, uint8_t out[TABLE_NAME])
{
	memset(out, 0, TABLE_NAME);
	/* many share their first bytes: probing is tried */
	out[0] = (uint8_t)(i % 7);
	memcpy(out + 8, &i, sizeof(i));
}

static void
items_are_found_again_however_many_there_are(void **state)
{
	struct table t = { .size = sizeof(uint32_t) };
	uint8_t name[TABLE_NAME];

	(void)state;
	name_of(1, name);
	assert_null(table_find(&t, name));
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t *item;

		name_of(i, name);
		assert_null(table_find(&t, name));
		item = table_item(&t, name);
		assert_non_null(item);
		assert_int_equal(*item, 0);
		*item = i + 1;
	}
	assert_int_equal(t.count, 3000);
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t *item;

		name_of(i, name);
		item = table_find(&t, name);
		assert_non_null(item);
		assert_int_equal(*item, i + 1);
		assert_int_equal(table_number(&t, item), i);
		assert_ptr_equal(table_at(&t, i), item);
		assert_ptr_equal(table_item(&t, name), item);
	}
	table_done(&t);
	assert_int_equal(t.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_are_found_again_however_many_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
