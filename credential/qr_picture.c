/*
 * QR codes by libqrencode, drawn as PNG (libpng), SVG and text. The text to
 * show is one of our own tokens.
 */
#include "credential/qr_picture.h"

#include <string.h>

#include <png.h>
#include <qrencode.h>

#define QUIET 4		/* modules of margin, ISO/IEC 18004 6.3.8 */

AUTO_DEFINE(QRinput, QRinput, QRinput_free);

struct qr_picture {
	QRcode	*code;
	int	 width;		/* modules, with the quiet zone */
};

enum err
qr_picture_new(struct view text, struct qr_picture **out_picture)
{
	AUTO(QRinput) input = QRinput_new2(0, QR_ECLEVEL_Q);
	AUTO(qr_picture) p = mem_new(1, sizeof(*p));
	bool dense = text.len <= INT32_MAX &&
	    QRinput_check(QR_MODE_AN, (int)text.len, text.at) == 0;

	if (input == NULL || p == NULL)
		return err_because(ERR_MEMORY, "a QR code");
	if (text.len > INT32_MAX || QRinput_append(input,
	    dense ? QR_MODE_AN : QR_MODE_8, (int)text.len, text.at) != 0 ||
	    (p->code = QRcode_encodeInput(input)) == NULL)
		return err_because(ERR_TOO_LARGE, "no QR code with error "
		    "correction Q holds %zu bytes", text.len);
	p->width = p->code->width + 2 * QUIET;
	*out_picture = STEAL(p);
	return ERR_OK;
}

void
qr_picture_free(struct qr_picture *p)
{
	if (p == NULL)
		return;
	QRcode_free(p->code);
	mem_free(p);
}

/* Dark, at a place that counts the quiet zone; light beyond the edge. */
static bool
dark(const struct qr_picture *p, int x, int y)
{
	int n = p->code->width;

	x -= QUIET;
	y -= QUIET;
	return x >= 0 && x < n && y >= 0 && y < n &&
	    (p->code->data[y * n + x] & 1) != 0;
}

/* One byte a pixel, its index in the palette; libpng packs them. */
static void
draw(const struct qr_picture *p, int scale, uint8_t *pixels)
{
	int side = p->width * scale;

	for (int y = 0; y < side; y++)
		for (int x = 0; x < side; x++)
			*pixels++ = !dark(p, x / scale, y / scale);
}

enum err
qr_picture_png(const struct qr_picture *p, unsigned int scale,
    struct bytes *out)
{
	static const png_byte palette[] = { 0, 0, 0, 255, 255, 255 };
	AUTO_DONE(bytes) pixels = { 0 };
	AUTO_DONE(bytes) file = { 0 };
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)p->width * scale,
		.height = (png_uint_32)p->width * scale,
		.format = PNG_FORMAT_RGB_COLORMAP,
		.colormap_entries = 2,
	};
	png_alloc_size_t size;
	uint8_t *to;

	if (scale == 0 || scale > QR_PICTURE_SCALE)
		return err_because(ERR_RANGE, "QR picture: %u pixels a "
		    "module, wanted 1 to %d", scale, QR_PICTURE_SCALE);
	to = bytes_grow(&pixels, PNG_IMAGE_SIZE(image));
	size = PNG_IMAGE_PNG_SIZE_MAX(image);
	if (to == NULL || bytes_grow(&file, size) == NULL)
		return err_because(ERR_MEMORY, "a QR picture");
	draw(p, (int)scale, to);
	/* with a palette of two, libpng writes one bit a pixel */
	if (!png_image_write_to_memory(&image, file.at, &size, 0, to, 0,
	    palette))
		return err_because(ERR_INTERNAL, "PNG: %s", image.message);
	bytes_put(out, VIEW(file.at, size));
	return bytes_check(out);
}

static void
put_runs(const struct qr_picture *p, int y, struct bytes *out)
{
	for (int x = 0, end; x < p->width; x = end + 1) {
		for (end = x; dark(p, end, y);)
			end++;
		if (end > x)
			bytes_printf(out, "M%d %dh%dv1h-%dz", x, y, end - x,
			    end - x);
	}
}

void
qr_picture_svg(const struct qr_picture *p, struct bytes *out)
{
	bytes_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
	    "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	    "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path d=\"",
	    p->width, p->width, p->width, p->width);
	for (int y = 0; y < p->width; y++)
		put_runs(p, y, out);
	bytes_put_text(out, "\"/></svg>\n");
}

void
qr_picture_text(const struct qr_picture *p, struct bytes *out)
{
	/* the light modules are drawn: upper, lower, both or none lit */
	static const char *const blocks[] = { "█", "▄", "▀", " " };

	for (int y = 0; y < p->width; y += 2) {
		for (int x = 0; x < p->width; x++) {
			bool last = y + 1 == p->width;
			int upper = dark(p, x, y);
			int lower = last || dark(p, x, y + 1);

			bytes_put_text(out, blocks[upper + 2 * lower]);
		}
		bytes_put_u8(out, '\n');
	}
}
