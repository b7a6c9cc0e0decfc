/*
 * A log for the commands that tell what is in it: verified first, for figures
 * from a forged log would be worth nothing, and then read.
 */
#ifndef OKSE_CLI_AUDITED_H
#define OKSE_CLI_AUDITED_H

#include "audit/schema.h"
#include "audit/verify.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/published.h"
#include "cli/trusted.h"

#define AUDITED_OPTIONS                                                       \
	TRUST_OPTIONS,                                                        \
	{ "unverified", NULL, "read the log as it is, be it damaged" }

struct audited;

/*
 * The log that the first argument names: EXIT_DONE, or the exit status, after
 * saying why. A log without its quorum of witnesses is opened all the same.
 */
int audited_open(const struct arguments *a, struct audited **out_log);
/* The one that the i-th argument names. */
int audited_open_nth(const struct arguments *a, size_t i,
    struct audited **out_log);
void audited_free(struct audited *l);
AUTO_STRUCT(audited);

uint64_t audited_size(const struct audited *l);
struct published *audited_published(struct audited *l);
/* NULL: --unverified. */
const struct verify_result *audited_verified(const struct audited *l);
/* Whom it was verified by, or would be. */
const struct trust_policy *audited_trust(const struct audited *l);
/* status, or the one for what verifying left to be desired. */
int audited_status(const struct audited *l, int status);

typedef enum err (*audited_take)(void *context, uint64_t index,
    struct view entry, const struct schema_entry *e);

/*
 * Entries from … to - 1 in order, taken apart; with progress on a terminal.
 * Entries that are not of the schema are skipped when unverified.
 */
[[nodiscard]] enum err audited_each(struct audited *l, uint64_t from,
    uint64_t to, audited_take take, void *context);

/* Which log this is and that it was verified, a line for people. */
void audited_head(const struct audited *l, struct bytes *out);
void audited_json(const struct audited *l, struct json *j);

#endif
