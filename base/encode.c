/*
 * Hex, base64, base64url and UTF-8, strict: one text for each value. The
 * inputs are hostile; outputs are appended only when all of the text is good.
 */
#include "base/bytes.h"

#include <string.h>

static const char alphabet64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet64url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
hex_put(struct bytes *b, struct view v)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *to = bytes_grow(b, 2 * v.len);

	for (size_t i = 0; to != NULL && i < v.len; i++) {
		to[2 * i] = (uint8_t)digits[v.at[i] >> 4];
		to[2 * i + 1] = (uint8_t)digits[v.at[i] & 15];
	}
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err
hex_get(struct view text, struct bytes *out)
{
	size_t start = out->len;

	if (text.len % 2 != 0)
		return err_because(ERR_SYNTAX,
		    "hex: wanted an even number of digits, got %zu", text.len);
	for (size_t i = 0; i < text.len; i += 2) {
		int high = hex_digit(text.at[i]);
		int low = hex_digit(text.at[i + 1]);

		if (high < 0 || low < 0) {
			out->len = start;
			return err_because(ERR_SYNTAX,
			    "hex: wanted 0-9 and a-f at position %zu", i);
		}
		bytes_put_u8(out, (uint8_t)(high << 4 | low));
	}
	return bytes_check(out);
}

/* 1 to 3 bytes as 2 to 4 characters */
static uint8_t *
put_group(uint8_t *to, const uint8_t *at, size_t n, const char *alphabet)
{
	uint32_t word = (uint32_t)at[0] << 16;

	word |= n > 1 ? (uint32_t)at[1] << 8 : 0;
	word |= n > 2 ? at[2] : 0;
	*to++ = (uint8_t)alphabet[word >> 18];
	*to++ = (uint8_t)alphabet[word >> 12 & 63];
	if (n > 1)
		*to++ = (uint8_t)alphabet[word >> 6 & 63];
	if (n > 2)
		*to++ = (uint8_t)alphabet[word & 63];
	return to;
}

static void
put64(struct bytes *b, struct view v, const char *alphabet, bool pad)
{
	size_t whole = v.len / 3, rest = v.len % 3;
	size_t last = rest == 0 ? 0 : pad ? 4 : rest + 1;
	uint8_t *to = bytes_grow(b, 4 * whole + last);

	if (to == NULL)
		return;
	for (size_t i = 0; i < whole; i++)
		to = put_group(to, v.at + 3 * i, 3, alphabet);
	if (rest == 0)
		return;
	to = put_group(to, v.at + 3 * whole, rest, alphabet);
	for (size_t i = rest; pad && i < 3; i++)
		*to++ = '=';
}

void
base64_put(struct bytes *b, struct view v)
{
	put64(b, v, alphabet64, true);
}

void
base64url_put(struct bytes *b, struct view v)
{
	put64(b, v, alphabet64url, false);
}

/* value of each character + 1; 0 is "not of the alphabet" */
static void
fill_values(const char *alphabet, uint8_t values[256])
{
	memset(values, 0, 256);
	for (uint8_t i = 0; i < 64; i++)
		values[(uint8_t)alphabet[i]] = (uint8_t)(i + 1);
}

static enum err
get64(struct view text, const char *alphabet, const char *name,
    struct bytes *out)
{
	uint8_t values[256];
	size_t start = out->len;
	uint32_t word = 0;
	unsigned int bits = 0;

	if (text.len % 4 == 1)
		return err_because(ERR_SYNTAX,
		    "%s: %zu characters cannot be an encoding", name,
		    text.len);
	fill_values(alphabet, values);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t value = values[text.at[i]];

		if (value == 0) {
			out->len = start;
			return err_because(ERR_SYNTAX,
			    "%s: a character outside the alphabet at "
			    "position %zu", name, i);
		}
		word = word << 6 | (uint32_t)(value - 1);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		bytes_put_u8(out, (uint8_t)(word >> bits));
		word &= (1u << bits) - 1;
	}
	if (word != 0) {
		out->len = start;
		return err_because(ERR_SYNTAX,
		    "%s: unused bits of the last character are not zero "
		    "(RFC 4648 3.5)", name);
	}
	return bytes_check(out);
}

enum err
base64_get(struct view text, struct bytes *out)
{
	size_t pad = 0;

	if (text.len % 4 != 0)
		return err_because(ERR_SYNTAX,
		    "base64: length %zu is not a multiple of 4 (RFC 4648 4)",
		    text.len);
	while (pad < 2 && text.len > pad &&
	    text.at[text.len - 1 - pad] == '=')
		pad++;
	return get64(VIEW(text.at, text.len - pad), alphabet64, "base64",
	    out);
}

enum err
base64url_get(struct view text, struct bytes *out)
{
	return get64(text, alphabet64url, "base64url", out);
}

size_t
utf8_step(struct view v)
{
	uint8_t c = v.at[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t code = n == 1 ? c : c & (0x7fu >> n);

	if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4 || n > v.len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((v.at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (v.at[i] & 0x3fu);
	}
	if ((n == 3 && code < 0x800) || (n == 4 && code < 0x10000) ||
	    code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

bool
utf8_valid(struct view v)
{
	while (v.len != 0) {
		size_t n = utf8_step(v);

		if (n == 0)
			return false;
		v = VIEW(v.at + n, v.len - n);
	}
	return true;
}
