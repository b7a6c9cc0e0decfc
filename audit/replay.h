/*
 * Deciding again. A log's entries are shown in order; each decision is judged
 * anew by the policy in force at its time, from the facts in its entry, and
 * what decisions brought about is followed: devices, tokens, keys. Nothing is
 * verified here: that the entries are the log's is verify.h.
 *
 * Where several daemons share a registry, all their logs together tell what
 * happened: replay_log_of() before the entries of each, one log after the
 * other in whatever order. What no clock of theirs decides, the entries' own
 * names of devices do (docs/audit.md, bound, old, changed).
 */
#ifndef OKSE_AUDIT_REPLAY_H
#define OKSE_AUDIT_REPLAY_H

#include "audit/schema.h"
#include "policy/bundle.h"

/* constant, title */
#define REPLAY_CHECKS(X)                                                      \
	X(POLICIES, "Policies")		/* signed, there, in force by turn */ \
	X(DECISIONS, "Decisions")	/* outcome and every rule */          \
	X(GRANTS, "Grants")		/* expiry and fees */                 \
	X(DEVICES, "Devices")		/* one active of holder, programme */ \
	X(CHANGES, "Changes")		/* of status, as a device's life is */\
	X(TOKENS, "Tokens")		/* minted, redeemed at most once */   \
	X(KEYS, "Keys")			/* of one holder each */

enum replay_check {
#define X(name, title) REPLAY_##name,
	REPLAY_CHECKS(X)
#undef X
	REPLAY_CHECK_COUNT
};

const char *replay_check_title(enum replay_check c);

struct replay_count {
	uint64_t	good, total;
};

#define REPLAY_FINDINGS 100
#define REPLAY_LOGS 64
#define REPLAY_ORIGIN 129

struct replay_finding {
	size_t			log;		/* of the origins */
	uint64_t		index;
	enum replay_check	check;
	char			why[320];
};

struct replay_result {
	struct replay_count	count[REPLAY_CHECK_COUNT];
	uint64_t		entries;
	uint64_t		rules;		/* outcomes compared */
	uint64_t		untold;		/* decisions without facts */
	uint64_t		foreign;	/* what another log began */
	uint64_t		active;		/* devices at the end */
	uint64_t		finding_count;	/* the first are kept */
	struct replay_finding	findings[REPLAY_FINDINGS];
	/* of several logs */
	size_t			log_count;	/* 0: it is only one */
	char			origins[REPLAY_LOGS][REPLAY_ORIGIN];
	size_t			missing_count;	/* joined, and not given */
	char			missing[REPLAY_ORIGIN];	/* the first */
};

struct replay;

[[nodiscard]] enum err replay_new(struct replay **out_replay);
void replay_free(struct replay *r);
AUTO_STRUCT(replay);

/*
 * A bundle that may have been in force; taken over. Its signatures were
 * verified by bundle_load(). ERR_EXISTS, ERR_FULL (256 are enough).
 */
[[nodiscard]] enum err replay_bundle(struct replay *r, struct bundle *b);

/*
 * The entries that follow are of this log, from its first on. ERR_EXISTS,
 * ERR_FULL, ERR_TOO_LARGE (the origin)
 */
[[nodiscard]] enum err replay_log_of(struct replay *r, const char *origin);

/*
 * The next entry, accepted by schema_get(), at its index. What is wrong is a
 * finding; ERR_MEMORY only.
 */
[[nodiscard]] enum err replay_entry(struct replay *r, uint64_t index,
    const struct schema_entry *e);

/* After the last one; lives as long as the replay. */
const struct replay_result *replay_result(struct replay *r);

/*
 * 0: all explained; 1: something is not; 2: some tell no facts to judge by, or
 * a log is missing in which something began.
 */
int replay_exit_status(const struct replay_result *r);

/* For people (a line for each check and a verdict), and for programs. */
void replay_report(const struct replay_result *r, struct bytes *out);
[[nodiscard]] enum err replay_report_json(const struct replay_result *r,
    struct bytes *out);

#endif
