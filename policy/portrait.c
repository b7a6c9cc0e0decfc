/*
 * The segments of a JPEG, up to its frame header and the beginning of its
 * scan. The picture comes from an upstream system and goes to verifiers'
 * decoders: what is not plainly a picture stops here. Pixels stay closed: no
 * decoder runs in the service.
 */
#include "policy/portrait.h"

enum marker {			/* ISO/IEC 10918-1 table B.1 */
	SOF0 = 0xc0,		/* baseline */
	SOF1 = 0xc1,		/* extended, Huffman */
	SOF2 = 0xc2,		/* progressive */
	SOF15 = 0xcf,
	DHT = 0xc4,
	JPG = 0xc8,
	DAC = 0xcc,
	RST0 = 0xd0,
	SOI = 0xd8,
	EOI = 0xd9,
	SOS = 0xda,
};

static bool
is_frame(unsigned int marker)
{
	return marker >= SOF0 && marker <= SOF15 && marker != DHT &&
	    marker != JPG && marker != DAC;
}

/* precision, lines, samples a line, components: B.2.2 */
static bool
read_frame(struct view segment, struct portrait *out)
{
	struct reader r = reader_of(segment);
	uint8_t precision = reader_u8(&r);
	uint8_t components;

	out->height = reader_u16(&r);
	out->width = reader_u16(&r);
	components = reader_u8(&r);
	reader_take(&r, (size_t)components * 3);
	return precision == 8 && out->height != 0 && out->width != 0 &&
	    (components == 1 || components == 3) &&
	    reader_end(&r, "JPEG, frame header") == ERR_OK;
}

/* The next marker and its segment; markers without one end the header. */
static unsigned int
next_segment(struct reader *r, struct view *out)
{
	uint8_t mark = reader_u8(r), marker;
	uint16_t len;

	do
		marker = reader_u8(r);
	while (marker == 0xff && !r->failed);	/* fill bytes: B.1.1.2 */
	if (mark != 0xff || marker == 0 || marker == 1 ||
	    (marker >= RST0 && marker <= EOI))
		r->failed = true;
	len = reader_u16(r);
	if (len < 2)
		r->failed = true;
	*out = reader_take(r, len >= 2 ? len - 2u : 0);
	return r->failed ? 0 : marker;
}

static bool
ends(struct view jpeg)
{
	return jpeg.len > 4 && jpeg.at[jpeg.len - 2] == 0xff &&
	    jpeg.at[jpeg.len - 1] == EOI;
}

enum err
portrait_read(struct view jpeg, struct portrait *out_portrait)
{
	struct reader r = reader_of(jpeg);
	struct portrait p = { 0 };
	struct view segment;
	unsigned int marker = 0, frames = 0;

	if (reader_u16(&r) != 0xff00u + SOI || !ends(jpeg))
		return err_because(ERR_SYNTAX, "portrait: not a JPEG from its "
		    "first marker to its last (ISO/IEC 10918-1 B.2.1)");
	while (!r.failed && marker != SOS) {
		marker = next_segment(&r, &segment);
		if (!is_frame(marker))
			continue;
		if (marker > SOF2 || !read_frame(segment, &p))
			r.failed = true;
		frames++;
	}
	if (r.failed || frames != 1 || r.rest.len <= 2)
		return err_because(ERR_SYNTAX, "portrait: not one picture "
		    "in a frame of a common kind (ISO/IEC 10918-1 B.2.2)");
	*out_portrait = p;
	return ERR_OK;
}
