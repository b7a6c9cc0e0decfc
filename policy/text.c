/*
 * Names and other texts from upstream systems: two spellings of one name must
 * not become two names, and no text may show itself as another. Nearly every
 * text is plain (Hangul syllables, unified ideographs, Latin) and is judged
 * here; utf8proc judges the rest.
 */
#include "policy/text.h"

#include <utf8proc.h>

/* Bytes of one character, by its first; the text is known to be UTF-8. */
static size_t
character(const uint8_t *at, uint32_t *out)
{
	if (at[0] < 0x80) {
		*out = at[0];
		return 1;
	}
	if (at[0] < 0xe0) {
		*out = (at[0] & 31u) << 6 | (at[1] & 63u);
		return 2;
	}
	if (at[0] < 0xf0) {
		*out = (at[0] & 15u) << 12 | (at[1] & 63u) << 6 |
		    (at[2] & 63u);
		return 3;
	}
	*out = (at[0] & 7u) << 18 | (at[1] & 63u) << 12 |
	    (at[2] & 63u) << 6 | (at[3] & 63u);
	return 4;
}

static bool
forbidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	    c == 0x061c || c == 0x200e || c == 0x200f ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	    c == 0xfeff;
}

/* In form C wherever it stands: it neither decomposes nor combines. */
static bool
plain(uint32_t c)
{
	return c < 0x300 || (c >= 0xac00 && c <= 0xd7a3) ||
	    (c >= 0x4e00 && c <= 0x9fff);
}

/* Form C of the text, as code points, is the text. */
static bool
composed(struct view v)
{
	int32_t *form = mem_new(v.len * 4, sizeof(*form));
	const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	utf8proc_ssize_t n = form == NULL ? -1 : utf8proc_decompose(v.at,
	    (utf8proc_ssize_t)v.len, form, (utf8proc_ssize_t)v.len * 4, how);
	bool same = n >= 0 && n <= (utf8proc_ssize_t)v.len * 4;
	size_t at = 0;

	if (same)
		n = utf8proc_normalize_utf32(form, n, how);
	for (utf8proc_ssize_t i = 0; same && i < n; i++) {
		uint32_t c = 0;

		same = at < v.len;
		if (same)
			at += character(v.at + at, &c);
		same = same && c == (uint32_t)form[i];
	}
	mem_free(form);
	return same && at == v.len;
}

bool
text_clean(struct view utf8)
{
	bool all_plain = true;
	uint32_t c;

	if (!utf8_valid(utf8))
		return false;
	for (size_t i = 0; i < utf8.len; ) {
		i += character(utf8.at + i, &c);
		if (forbidden(c))
			return false;
		all_plain = all_plain && plain(c);
	}
	return all_plain || composed(utf8);
}

bool
text_latin(struct view utf8)
{
	uint32_t c;

	for (size_t i = 0; i < utf8.len; ) {
		i += character(utf8.at + i, &c);
		if (c > 0xff)
			return false;
	}
	return true;
}
