/*
 * QR pictures: what the three drawings have in common, and their limits. That
 * a scanner reads them is for tests/e2e/credential_formats.mjs to show.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "credential/qr_picture.h"

#define TEXT "OKSE1:ABC123"

static uint8_t *
read_png(struct view file, png_image *image, struct bytes *pixels)
{
	uint8_t *at;

	*image = (png_image){ .version = PNG_IMAGE_VERSION };
	assert_true(png_image_begin_read_from_memory(image, file.at,
	    file.len));
	image->format = PNG_FORMAT_GRAY;
	at = bytes_grow(pixels, PNG_IMAGE_SIZE(*image));
	assert_true(png_image_finish_read(image, NULL, at, 0, NULL));
	return at;
}

static struct qr_picture *
picture(const char *text)
{
	struct qr_picture *p = NULL;

	assert_int_equal(qr_picture_new(view_text(text), &p), ERR_OK);
	return p;
}

static void
a_png_has_one_bit_a_pixel_and_a_quiet_zone(void **)
{
	AUTO(qr_picture) p = picture(TEXT);
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) pixels = { 0 };
	png_image image;
	uint8_t *at;

	assert_int_equal(qr_picture_png(p, 3, &file), ERR_OK);
	assert_memory_equal(file.at, "\x89PNG\r\n\x1a\n", 8);
	assert_int_equal(file.at[24], 1);	/* IHDR: bit depth */
	at = read_png(bytes_view(&file), &image, &pixels);
	/* 12 alphanumeric characters fit version 1: 21 modules */
	assert_int_equal(image.width, (21 + 8) * 3);
	assert_int_equal(image.height, (21 + 8) * 3);
	for (size_t i = 0; i < image.width; i++)
		for (size_t j = 0; j < 12; j++)
			assert_int_equal(at[j * image.width + i], 255);
	/* the finder pattern's corner */
	assert_int_equal(at[12 * image.width + 12], 0);
	assert_int_equal(at[12 * image.width + 11], 255);
}

static void
a_module_has_1_to_32_pixels(void **)
{
	static const struct {
		unsigned int	scale;
		enum err	e;
	} cases[] = {
		{ 0, ERR_RANGE }, { 1, ERR_OK }, { 32, ERR_OK },
		{ 33, ERR_RANGE }, { UINT32_MAX, ERR_RANGE },
	};
	AUTO(qr_picture) p = picture(TEXT);

	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_DONE(bytes) file = { 0 };

		assert_int_equal(qr_picture_png(p, cases[i].scale, &file),
		    cases[i].e);
		assert_int_equal(file.len != 0, cases[i].e == ERR_OK);
	}
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* Dark modules by each drawing: the three show the same. */
static size_t
dark_in_svg(const char *svg)
{
	size_t n = 0;

	for (const char *at = svg; (at = strstr(at, "h-")) != NULL; at++)
		n += strtoul(at + 2, NULL, 10);
	return n;
}

static void
the_three_drawings_show_the_same_modules(void **)
{
	AUTO(qr_picture) p = picture(TEXT);
	AUTO_DONE(bytes) file = { 0 };
	AUTO_DONE(bytes) pixels = { 0 };
	AUTO_DONE(bytes) svg = { 0 };
	AUTO_DONE(bytes) text = { 0 };
	png_image image;
	size_t dark = 0, light;
	uint8_t *at;

	assert_int_equal(qr_picture_png(p, 1, &file), ERR_OK);
	at = read_png(bytes_view(&file), &image, &pixels);
	for (size_t i = 0; i < pixels.len; i++)
		dark += at[i] == 0;
	qr_picture_svg(p, &svg);
	assert_int_equal(dark_in_svg(bytes_text(&svg)), dark);
	assert_int_equal(count(bytes_text(&svg), "<path"), 1);
	qr_picture_text(p, &text);
	light = 2 * count(bytes_text(&text), "█") +
	    count(bytes_text(&text), "▀") + count(bytes_text(&text), "▄");
	assert_int_equal(light, pixels.len - dark);
	assert_int_equal(count(bytes_text(&text), "\n"), (21 + 8 + 1) / 2);
}

static void
a_token_is_denser_than_other_text(void **)
{
	AUTO(qr_picture) token = picture("OKSE1:AAAAAAAAAAAAAAAAAAAAAA");
	AUTO(qr_picture) other = picture("okse1:aaaaaaaaaaaaaaaaaaaaaa");
	AUTO_DONE(bytes) a = { 0 };
	AUTO_DONE(bytes) b = { 0 };

	qr_picture_svg(token, &a);
	qr_picture_svg(other, &b);
	assert_non_null(strstr(bytes_text(&a), "0 0 33 33"));
	assert_non_null(strstr(bytes_text(&b), "0 0 37 37"));
}

static void
text_beyond_the_largest_code_is_refused(void **)
{
	AUTO_DONE(bytes) text = { 0 };
	struct qr_picture *p = NULL;

	/* version 40 with Q holds 2420 alphanumeric characters */
	while (text.len < 2420)
		bytes_put_u8(&text, 'A');
	assert_int_equal(qr_picture_new(bytes_view(&text), &p), ERR_OK);
	qr_picture_free(p);
	p = NULL;
	bytes_put_u8(&text, 'A');
	assert_int_equal(qr_picture_new(bytes_view(&text), &p),
	    ERR_TOO_LARGE);
	assert_int_equal(qr_picture_new(VIEW(NULL, 0), &p), ERR_TOO_LARGE);
	assert_null(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_png_has_one_bit_a_pixel_and_a_quiet_zone),
		cmocka_unit_test(a_module_has_1_to_32_pixels),
		cmocka_unit_test(the_three_drawings_show_the_same_modules),
		cmocka_unit_test(a_token_is_denser_than_other_text),
		cmocka_unit_test(text_beyond_the_largest_code_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
