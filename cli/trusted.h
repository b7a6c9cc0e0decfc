/*
 * Whom the person at the keyboard trusts: --policy FILE, or --key FILE, which
 * may be repeated, or for want of both the keys that lie beside the log.
 */
#ifndef OKSE_CLI_TRUSTED_H
#define OKSE_CLI_TRUSTED_H

#include "audit/files.h"
#include "audit/trust.h"
#include "cli/command.h"

#define TRUST_OPTIONS                                                         \
	{ "policy", "FILE", "logs and witnesses that are trusted "            \
	    "(tlog-policy)" },                                                \
	{ "all-keys", NULL, "each key of the log that is listed must have "   \
	    "signed, not just one" },                                         \
	{ "key", "FILE", "or the log's key as you were given it; may be "     \
	    "repeated" },                                                     \
	{ "rotated", "FILE", "the receipt by which a key handed over to the " \
	    "next, where no log is at hand that shows it; may be repeated" }

/*
 * log: where keys may lie, and what shows that one handed over to the next;
 * or NULL. ERR_NOT_FOUND: nothing says whom to trust. Complains, without
 * failing, about keys found beside the log.
 */
[[nodiscard]] enum err trusted(const struct arguments *a,
    const struct log_files *log, struct trust_policy **out_policy);

/* What --rotated FILE shows; trusted() has done it. */
[[nodiscard]] enum err trusted_rotated(const struct arguments *a,
    struct trust_policy *p);

#endif
