/*
 * A holder's number as typed. The text is an officer's, from a form or a
 * clipboard: nothing in it is believed but digits. Next: cli/device.c.
 */
#include "policy/number.h"

#include <string.h>

bool
number_is(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!is_digit(v.at[i]))
			return false;
	return v.len == NUMBER_DIGITS;
}

/* The bytes of what stands for nothing; 0 when v begins with none of it. */
static size_t
blank(struct view v)
{
	static const char *const blanks[] = {
		" ", "\t", "\r", "\n", "\u00a0", "\u2007", "\u2009",
		"\u202f", "\u3000",				/* spaces */
		"-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014",
		"\u2212", "\ufe63", "\uff0d",			/* hyphens */
	};

	for (size_t i = 0; i < COUNT(blanks); i++) {
		size_t len = strlen(blanks[i]);

		if (v.len >= len && memcmp(v.at, blanks[i], len) == 0)
			return len;
	}
	return 0;
}

/* The bytes of a digit, U+FF10 … U+FF19 in full width; 0 when it is none. */
static size_t
digit(struct view v, char *out)
{
	if (is_digit(v.at[0])) {
		*out = (char)v.at[0];
		return 1;
	}
	if (v.len < 3 || v.at[0] != 0xef || v.at[1] != 0xbc ||
	    v.at[2] < 0x90 || v.at[2] > 0x99)
		return 0;
	*out = (char)('0' + v.at[2] - 0x90);
	return 3;
}

enum err
number_of_typed(struct view text, char out[NUMBER_DIGITS + 1])
{
	char number[NUMBER_DIGITS + 1] = { 0 };
	size_t digits = 0, len;

	for (size_t i = 0; i < text.len; i += len) {
		struct view rest = VIEW(text.at + i, text.len - i);
		char one;

		len = blank(rest);
		if (len != 0)
			continue;
		len = digit(rest, &one);
		if (len == 0)
			return err_because(ERR_SYNTAX, "a number has digits, "
			    "spaces and hyphens, nothing else");
		if (digits < NUMBER_DIGITS)
			number[digits] = one;
		digits++;
	}
	if (digits != NUMBER_DIGITS)
		return err_because(ERR_RANGE, "a number has %d digits, this "
		    "one %zu", NUMBER_DIGITS, digits);
	memcpy(out, number, sizeof(number));
	return ERR_OK;
}
