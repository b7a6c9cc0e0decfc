/*
 * Writing log entries: one typed function for each event, which appends the
 * canonical bytes of the entry to out (nothing on failure). What is written
 * has passed schema_get(), so the log cannot hold what its verifier refuses:
 * ERR_SYNTAX or ERR_SCHEMA mean that a text given was not of its form,
 * ERR_TOO_LARGE that the entry would be over 4096 bytes.
 */
#ifndef OKSE_AUDIT_ENTRY_H
#define OKSE_AUDIT_ENTRY_H

#include "audit/schema.h"
#include "base/crypto.h"

#define ENTRY_BOOT_SIZE 8
#define ENTRY_NONCE_SIZE 16
#define ENTRY_PSEUDONYM_SIZE 16
#define ENTRY_REQUEST_SIZE 16
#define ENTRY_RULES_MAX 64
#define ENTRY_DRAFTS_MAX 64

/* On every entry; the nonce is fresh and random for each. */
struct entry_common {
	uint64_t	seq;		/* the leaf's index */
	int64_t		t;		/* ms UTC, from entry_clock_now() */
	uint8_t		boot[ENTRY_BOOT_SIZE];
	uint8_t		nonce[ENTRY_NONCE_SIZE];
};

enum entry_rule_outcome {
	ENTRY_RULE_PASS,
	ENTRY_RULE_FAIL,
	ENTRY_RULE_MONITOR,	/* failed, but only monitors */
	ENTRY_RULE_NA,
};

struct entry_rule {
	const char		*id;
	enum entry_rule_outcome	 outcome;
};

/*
 * NULL, 0 and a count of 0 mean "left out" where it says optional. Strings
 * are borrowed for the call.
 */
struct entry_decision_facts {
	const char	*operation;	/* qr-token, credential, … */
	const char	*programme;
	const char	*purpose;	/* optional */
	bool		 allow;
	bool		 dry_run;	/* then no drafts, no holder */
	const char	*caller;
	const char	*evidence;	/* optional: kind */
	const char	*centre;	/* optional: 10 digits */
	const char	*region;	/* optional: 5 digits */
	const uint8_t	*holder;	/* optional: pseudonym, 16 bytes */
	const uint8_t	*device;	/* optional: pseudonym, 16 bytes */
	int64_t		 expiry;	/* optional: ms UTC, administrative */
	struct hash	 policy;
	uint64_t	 serial;
	uint8_t		 request[ENTRY_REQUEST_SIZE];
	const struct entry_rule *rules;	/* 1 … 64, any order */
	size_t		 rule_count;
	const struct hash *drafts;	/* 0 … 16; a ticket each */
	size_t		 draft_count;
};

[[nodiscard]] enum err entry_decision(const struct entry_common *c,
    const struct entry_decision_facts *f, struct bytes *out);

/*
 * What became of the tickets of earlier allowing decisions: of holds their
 * indexes, ascending, 1 … SCHEMA_LIST_MAX.
 */
[[nodiscard]] enum err entry_done(const struct entry_common *c,
    const uint64_t *of, size_t count, struct bytes *out);
[[nodiscard]] enum err entry_orphan(const struct entry_common *c,
    const uint64_t *of, size_t count, struct bytes *out);
/* reason: err_code() of what the keyholder said */
[[nodiscard]] enum err entry_failed(const struct entry_common *c,
    const uint64_t *of, size_t count, const char *reason,
    struct bytes *out);

/* program, config: SHA-256 of the binary and the configuration, or NULL */
[[nodiscard]] enum err entry_start(const struct entry_common *c,
    const char *version, const struct hash *program,
    const struct hash *config, struct bytes *out);
[[nodiscard]] enum err entry_stop(const struct entry_common *c,
    const char *reason, struct bytes *out);
[[nodiscard]] enum err entry_seal(const struct entry_common *c,
    const char *reason, struct bytes *out);
[[nodiscard]] enum err entry_unseal_share(const struct entry_common *c,
    uint64_t seat, struct bytes *out);
/* seats: those whose shares opened it, ascending */
[[nodiscard]] enum err entry_unseal(const struct entry_common *c,
    const uint64_t *seats, size_t count, struct bytes *out);

/* A keyholder begins (or ends) to use a key. */
struct entry_key_use_facts {
	uint64_t	 keyholder;
	const char	*label;
	struct hash	 spki;
	bool		 stop;
};
[[nodiscard]] enum err entry_key_use(const struct entry_common *c,
    const struct entry_key_use_facts *f, struct bytes *out);

/* What never reached a decision, counted since the last such entry. */
struct entry_refused_facts {
	int64_t		since;		/* ms UTC */
	uint64_t	malformed;
	uint64_t	unauthenticated;
	uint64_t	throttled;
};
[[nodiscard]] enum err entry_refused(const struct entry_common *c,
    const struct entry_refused_facts *f, struct bytes *out);

/* After a start: entries found durable, size of the checkpoint found. */
[[nodiscard]] enum err entry_recover(const struct entry_common *c,
    uint64_t entries, uint64_t published, struct bytes *out);

/* A policy comes into force. */
struct entry_policy_facts {
	struct hash		 policy;	/* as decisions name it */
	const struct hash	*replaces;	/* the one before, or NULL */
	struct hash		 manifest;	/* SHA-256 of the bundle's */
	uint64_t		 serial;
	const uint64_t		*seats;		/* who signed, ascending */
	size_t			 seat_count;
};
[[nodiscard]] enum err entry_policy(const struct entry_common *c,
    const struct entry_policy_facts *f, struct bytes *out);
[[nodiscard]] enum err entry_ceremony(const struct entry_common *c,
    const struct hash *transcript, struct bytes *out);
[[nodiscard]] enum err entry_clock_step(const struct entry_common *c,
    int64_t by, struct bytes *out);
[[nodiscard]] enum err entry_heartbeat(const struct entry_common *c,
    struct bytes *out);

/*
 * The log's time. It follows the wall clock but never goes back; when the
 * wall clock moves differently from the monotonic one by a second or more, a
 * clock.step entry is due.
 */
struct entry_clock {
	int64_t	last;		/* last t given; restore it after a start */
	int64_t	offset;		/* wall - monotonic, ms */
	bool	running;
};

#define ENTRY_CLOCK_STEP 1000	/* ms */

/*
 * t for an entry, from time_now_ms() and time_monotonic_us(). *out_step is 0,
 * or the milliseconds by which the wall clock jumped since the last call (or,
 * on the first call, how far it lies behind last): log it with
 * entry_clock_step() before anything else.
 */
int64_t entry_clock_now(struct entry_clock *c, int64_t wall_ms,
    int64_t monotonic_us, int64_t *out_step);

#endif
