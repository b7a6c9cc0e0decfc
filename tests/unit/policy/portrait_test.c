/* Which bytes pass as a portrait. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/file.h"
#include "policy/portrait.h"

/* begins with its frame header's place: a JPEG of 16 by 24, by hand */
#define SOF 2
#define SOS (SOF + 13)
static const uint8_t good[] = {
	0xff, 0xd8,
	0xff, 0xc0, 0, 11, 8, 0, 24, 0, 16, 1, 1, 0x11, 0,
	0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0,
	0x55,
	0xff, 0xd9,
};

static void
a_real_picture_is_read(void **)
{
	AUTO_DONE(bytes) jpeg = { 0 };
	struct portrait p;

	assert_int_equal(file_read("tests/data/portrait.jpg", 1 << 20, &jpeg),
	    ERR_OK);
	assert_int_equal(portrait_read(bytes_view(&jpeg), &p), ERR_OK);
	assert_int_equal(p.width, 240);
	assert_int_equal(p.height, 320);
}

static void
its_size_is_that_of_the_frame(void **)
{
	struct portrait p;

	assert_int_equal(portrait_read(VIEW_OF(good), &p), ERR_OK);
	assert_int_equal(p.width, 16);
	assert_int_equal(p.height, 24);
}

static enum err
changed(size_t at, uint8_t value)
{
	uint8_t jpeg[sizeof(good)];
	struct portrait p;

	memcpy(jpeg, good, sizeof(jpeg));
	jpeg[at] = value;
	return portrait_read(VIEW_OF(jpeg), &p);
}

static void
baseline_extended_and_progressive_are_read_and_no_others(void **)
{
	for (unsigned int m = 0xc0; m <= 0xcf; m++)
		assert_int_equal(changed(SOF + 1, (uint8_t)m),
		    m <= 0xc2 ? ERR_OK : ERR_SYNTAX);
}

static void
one_or_three_components_of_eight_bits(void **)
{
	assert_int_equal(changed(SOF + 4, 12), ERR_SYNTAX);
	assert_int_equal(changed(SOF + 9, 2), ERR_SYNTAX);
	assert_int_equal(changed(SOF + 9, 0), ERR_SYNTAX);
	assert_int_equal(changed(SOF + 6, 0), ERR_SYNTAX);
	assert_int_equal(changed(SOF + 8, 0), ERR_SYNTAX);
}

static void
it_begins_and_ends_as_a_jpeg(void **)
{
	assert_int_equal(changed(0, 0), ERR_SYNTAX);
	assert_int_equal(changed(1, 0xd9), ERR_SYNTAX);
	assert_int_equal(changed(sizeof(good) - 1, 0xd8), ERR_SYNTAX);
	assert_int_equal(changed(sizeof(good) - 2, 0), ERR_SYNTAX);
}

static void
every_cut_is_refused(void **)
{
	struct portrait p;

	for (size_t n = 0; n < sizeof(good); n++)
		assert_int_equal(portrait_read(VIEW(good, n), &p),
		    ERR_SYNTAX);
}

static void
lengths_are_held_to(void **)
{
	assert_int_equal(changed(SOF + 3, 10), ERR_SYNTAX);
	assert_int_equal(changed(SOF + 3, 12), ERR_SYNTAX);
	assert_int_equal(changed(SOF + 3, 1), ERR_SYNTAX);
	assert_int_equal(changed(SOF + 2, 0xff), ERR_SYNTAX);
	assert_int_equal(changed(SOS + 2, 0xff), ERR_SYNTAX);
}

static void
one_frame_and_then_a_scan(void **)
{
	static const uint8_t frame[] = { 0xff, 0xc0, 0, 11, 8, 0, 24, 0, 16,
	    1, 1, 0x11, 0 };
	AUTO_DONE(bytes) twice = { 0 };
	AUTO_DONE(bytes) none = { 0 };
	AUTO_DONE(bytes) filled = { 0 };
	struct portrait p;

	bytes_put(&twice, VIEW(good, 2));
	bytes_put(&twice, VIEW_OF(frame));
	bytes_put(&twice, VIEW(good + 2, sizeof(good) - 2));
	assert_int_equal(portrait_read(bytes_view(&twice), &p), ERR_SYNTAX);
	bytes_put(&none, VIEW(good, 2));
	bytes_put(&none, VIEW(good + SOS, sizeof(good) - SOS));
	assert_int_equal(portrait_read(bytes_view(&none), &p), ERR_SYNTAX);
	/* fill bytes before a marker are allowed */
	bytes_put(&filled, VIEW(good, 2));
	bytes_put_u8(&filled, 0xff);
	bytes_put_u8(&filled, 0xff);
	bytes_put(&filled, VIEW(good + 2, sizeof(good) - 2));
	assert_int_equal(portrait_read(bytes_view(&filled), &p), ERR_OK);
}

static void
other_pictures_are_refused(void **)
{
	struct portrait p;

	assert_int_equal(portrait_read(view_text("\x89PNG\r\n\x1a\n"), &p),
	    ERR_SYNTAX);
	assert_int_equal(portrait_read(view_text("GIF89a"), &p), ERR_SYNTAX);
	assert_int_equal(portrait_read(VIEW(NULL, 0), &p), ERR_SYNTAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_picture_is_read),
		cmocka_unit_test(its_size_is_that_of_the_frame),
		cmocka_unit_test(
		    baseline_extended_and_progressive_are_read_and_no_others),
		cmocka_unit_test(one_or_three_components_of_eight_bits),
		cmocka_unit_test(it_begins_and_ends_as_a_jpeg),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(lengths_are_held_to),
		cmocka_unit_test(one_frame_and_then_a_scan),
		cmocka_unit_test(other_pictures_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
