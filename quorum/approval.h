/*
 * Officers' signatures over a file (roster.txt describes both): who agreed,
 * and whether they are enough. Reading is here; making them is approve.h, so
 * that the daemon has none of it.
 */
#ifndef OKSE_QUORUM_APPROVAL_H
#define OKSE_QUORUM_APPROVAL_H

#include "quorum/roster.h"

#define APPROVAL_FILE 16384	/* longest file of signatures */

struct approvals {
	unsigned int	count;
	unsigned int	seats[ROSTER_SEATS];	/* ascending */
};

/*
 * One officer's signature over a message: for ed25519 the 64 bytes of RFC
 * 8032, for p256 DER with s <= n/2. ERR_SIGNATURE, ERR_SYNTAX.
 */
[[nodiscard]] enum err officer_verify(const struct officer *o,
    struct view message, struct view signature);

/*
 * Every signature in text is of an officer of the roster over message, whose
 * first line is domain. ERR_SYNTAX, ERR_UNSUPPORTED: not of the form;
 * ERR_NOT_FOUND: no such seat; ERR_MISMATCH: another algorithm than the
 * seat's, or message is of another kind; ERR_SIGNATURE. How many there are is
 * for approvals_verify() to judge.
 */
[[nodiscard]] enum err approvals_get(const struct roster *r,
    const char *domain, struct view message, struct view text,
    struct approvals *out);

/* The same, and ERR_FORBIDDEN when fewer than the threshold signed. */
[[nodiscard]] enum err approvals_verify(const struct roster *r,
    const char *domain, struct view message, struct view text,
    struct approvals *out);

#endif
