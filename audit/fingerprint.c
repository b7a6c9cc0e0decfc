/*
 * Fingerprints of checkpoints. What is typed comes from paper. Next in the
 * flow: an auditor compares.
 */
#include "audit/fingerprint.h"

#include <ctype.h>
#include <string.h>

#include "base/crypto.h"
#include "quorum/base32.h"

#define CHARACTERS 36		/* without dashes */
#define HASHED 32		/* those before the check */

static void
add_check(unsigned char text[CHARACTERS])
{
	struct hash check = sha256(VIEW(text, HASHED));
	unsigned char group[8];

	base32_put(VIEW(check.at, 5), group);
	memcpy(text + HASHED, group, CHARACTERS - HASHED);
}

static void
characters(struct view body, unsigned char text[CHARACTERS])
{
	struct hash h = sha256(body);

	base32_put(VIEW(h.at, 20), text);
	add_check(text);
}

const char *
fingerprint_text(struct view body, char out[FINGERPRINT_TEXT])
{
	unsigned char text[CHARACTERS];
	size_t at = 0;

	characters(body, text);
	for (size_t i = 0; i < CHARACTERS; i++) {
		if (i != 0 && i % 4 == 0)
			out[at++] = '-';
		out[at++] = (char)text[i];
	}
	out[at] = '\0';
	return out;
}

enum err
fingerprint_check(struct view body, struct view typed)
{
	unsigned char text[CHARACTERS], again[CHARACTERS];
	size_t n = 0;

	for (size_t i = 0; i < typed.len; i++) {
		if (typed.at[i] == '-' || isspace(typed.at[i]))
			continue;
		if (n == CHARACTERS)
			return err_because(ERR_SYNTAX, "a fingerprint has %d "
			    "characters", CHARACTERS);
		text[n++] = (unsigned char)toupper(typed.at[i]);
	}
	memcpy(again, text, n);
	if (n == CHARACTERS)
		add_check(again);
	if (n != CHARACTERS || memcmp(again, text, CHARACTERS) != 0)
		return err_because(ERR_SYNTAX, "a mistake in copying: the "
		    "last four characters do not fit the others");
	characters(body, again);
	return memcmp(again, text, CHARACTERS) == 0 ? ERR_OK :
	    err_because(ERR_MISMATCH,
	    "the fingerprint of another checkpoint");
}
