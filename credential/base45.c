/*
 * Base45 as RFC 9285 4 has it. Texts come from QR codes, that is from
 * anybody. Used by qr_token.c.
 */
#include "credential/base45.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

void
base45_put(struct bytes *b, struct view v)
{
	uint8_t *to = bytes_grow(b, v.len / 2 * 3 + v.len % 2 * 2);

	for (size_t i = 0; to != NULL && i < v.len; i += 2) {
		bool pair = i + 1 < v.len;
		unsigned int n = pair ? v.at[i] * 256u + v.at[i + 1] : v.at[i];

		*to++ = (uint8_t)alphabet[n % 45];
		*to++ = (uint8_t)alphabet[n / 45 % 45];
		if (pair)
			*to++ = (uint8_t)alphabet[n / 45 / 45];
	}
}

/* 0 … 44, or 45 for a character outside the alphabet */
static unsigned int
digit(uint8_t c)
{
	static const char others[] = " $%*+-./:";

	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10u;
	for (unsigned int i = 0; i < 9; i++)
		if (c == (uint8_t)others[i])
			return 36 + i;
	return 45;
}

/* Three characters, or the last two, as a number; over 65535 when it is bad. */
static unsigned int
get_group(struct view group)
{
	unsigned int n = 0, weight = 1;

	for (size_t i = 0; i < group.len; i++) {
		unsigned int value = digit(group.at[i]);

		if (value == 45)
			return UINT16_MAX + 1;
		n += value * weight;
		weight *= 45;
	}
	return n;
}

enum err
base45_get(struct view text, struct bytes *out)
{
	size_t start = out->len;

	if (text.len % 3 == 1)
		return err_because(ERR_SYNTAX, "base45: %zu characters cannot "
		    "be an encoding (RFC 9285 4)", text.len);
	for (size_t i = 0; i < text.len; i += 3) {
		bool pair = text.len - i >= 3;
		unsigned int n = get_group(VIEW(text.at + i, pair ? 3 : 2));

		if (n > (pair ? UINT16_MAX : UINT8_MAX)) {
			out->len = start;
			return err_because(ERR_SYNTAX, "base45: no value, or "
			    "one outside the alphabet, at position %zu "
			    "(RFC 9285 4)", i);
		}
		if (pair)
			bytes_put_u16(out, (uint16_t)n);
		else
			bytes_put_u8(out, (uint8_t)n);
	}
	return bytes_check(out);
}
