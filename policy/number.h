/*
 * The number of a holder: 13 digits and nothing else. That is how it travels;
 * how it is typed and copied, people do as they like.
 */
#ifndef OKSE_POLICY_NUMBER_H
#define OKSE_POLICY_NUMBER_H

#include "base/bytes.h"

#define NUMBER_DIGITS 13

static inline bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool number_is(struct view v);

/*
 * Takes a number as somebody typed or pasted it: digits of ASCII or in full
 * width, with spaces and hyphens of any kind anywhere. ERR_SYNTAX for anything
 * else, ERR_RANGE for another count of digits; neither tells the text.
 */
[[nodiscard]] enum err number_of_typed(struct view text,
    char out[NUMBER_DIGITS + 1]);

#endif
