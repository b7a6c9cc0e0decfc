/*
 * Writing log entries: one typed function for each event, which appends the
 * canonical bytes of the entry to out (nothing on failure). What is written
 * has passed schema_get(), so the log cannot hold what its verifier refuses:
 * ERR_SYNTAX or ERR_SCHEMA mean that a text given was not of its form,
 * ERR_TOO_LARGE that the entry would be over SCHEMA_ENTRY_MAX bytes.
 */
#ifndef OKSE_AUDIT_ENTRY_H
#define OKSE_AUDIT_ENTRY_H

#include "audit/schema.h"
#include "audit/vkey.h"

#define ENTRY_BOOT_SIZE 8
#define ENTRY_NONCE_SIZE 16
#define ENTRY_PSEUDONYM_SIZE 16
#define ENTRY_REQUEST_SIZE 16
#define ENTRY_SIGNER_SIZE 8	/* the first bytes of a key's SHA-256 */
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

/* A number of something: rows by their kind, entries by their event. */
struct entry_tally {
	const char	*name;		/* a WORD; sorted, each once */
	uint64_t	 count;
};

/*
 * NULL, 0 and a count of 0 mean "left out" where it says optional. Strings
 * are borrowed for the call. What belongs to an effect (cti … drafts) is for
 * decisions that allow and are no dry run.
 */
struct entry_decision_facts {
	const char	*operation;	/* qr-token, credential, … */
	const char	*programme;
	const char	*purpose;	/* optional */
	const char	*action;	/* optional: of a status change */
	const char	*reason;	/* optional: one the policy lists */
	bool		 allow;
	bool		 dry_run;	/* then no effect, no holder */
	const char	*caller;
	const char	*evidence;	/* optional: kind */
	const char	*centre;	/* optional: 10 digits */
	const char	*region;	/* optional: 5 digits */
	const uint8_t	*holder;	/* optional: pseudonym, 16 bytes */
	const uint8_t	*device;	/* optional: pseudonym, 16 bytes */
	int64_t		 expiry;	/* optional: ms UTC, administrative,
					   or when a QR token expires */
	struct hash	 policy;
	uint64_t	 serial;
	uint8_t		 request[ENTRY_REQUEST_SIZE];
	const struct entry_rule *rules;	/* 1 … 64, any order */
	size_t		 rule_count;
	struct view	 facts;		/* optional: a FACTS object */
	const uint8_t	*cti;		/* optional: QR token minted */
	const uint8_t	*used;		/* optional: QR token redeemed */
	const uint8_t	*keys;		/* key pseudonyms, 16 bytes each */
	size_t		 key_count;
	const struct schema_use *uses;	/* of status lists */
	size_t		 use_count;
	const uint64_t	*value;		/* optional: it was set to */
	int64_t		 bound;		/* optional: ms UTC, names a device
					   of the holder in the programme */
	int64_t		 old;		/* optional: that of the one before */
	int64_t		 changed;	/* optional: ms UTC, of its state */
	int64_t		 until;		/* optional: ms UTC, technical */
	const uint8_t	*signer;	/* optional: ENTRY_SIGNER_SIZE */
	const struct hash *drafts;	/* 0 … ENTRY_DRAFTS_MAX */
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
/*
 * What became of orphans. what: "retry" (they were signed after all),
 * "remade" (the service's own, in whose place others come) or "operator",
 * which alone has a caller (who closed them) and a reason.
 */
struct entry_orphan_facts {
	const uint64_t	*of;
	size_t		 count;
	const char	*what;
	const char	*caller, *reason;	/* or NULL */
};
[[nodiscard]] enum err entry_orphan_closed(const struct entry_common *c,
    const struct entry_orphan_facts *f, struct bytes *out);
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
/* seat: of the officer who signed that, or 0 */
[[nodiscard]] enum err entry_seal(const struct entry_common *c,
    const char *reason, uint64_t seat, struct bytes *out);
[[nodiscard]] enum err entry_unseal_share(const struct entry_common *c,
    uint64_t seat, struct bytes *out);
/*
 * seats: those whose shares opened it, ascending; statement: SHA-256 of what
 * they answered to (quorum/activation.txt), or NULL
 */
[[nodiscard]] enum err entry_unseal(const struct entry_common *c,
    const uint64_t *seats, size_t count, const struct hash *statement,
    struct bytes *out);

/* An opening found the token as the register has it, tried and counted. */
[[nodiscard]] enum err entry_token(const struct entry_common *c,
    const struct hash *planned, const struct entry_tally *counts,
    size_t count, struct bytes *out);

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

/* ---- beside the decisions: entry_fleet.c */

/*
 * Documents of the service's own, signed like credentials: what these drafts
 * become of is told by done, failed and orphan of this entry's index.
 */
struct entry_signed_facts {
	uint64_t	 list;		/* of a status list */
	uint64_t	 serial;	/* rises with each version */
	int64_t		 expiry;	/* optional: ms UTC */
	const uint8_t	*signer;	/* optional: ENTRY_SIGNER_SIZE */
	const struct hash *drafts;	/* 1 …, a format each */
	size_t		 draft_count;
};
[[nodiscard]] enum err entry_status_list(const struct entry_common *c,
    const struct entry_signed_facts *f, struct bytes *out);
/* The issuer's metadata; list and expiry are not looked at. */
[[nodiscard]] enum err entry_metadata(const struct entry_common *c,
    const struct entry_signed_facts *f, struct bytes *out);

/* A daemon begins or ends to share the registry. */
struct entry_node_facts {
	const char	*node;		/* a WORD */
	const char	*origin;	/* of its log */
	struct hash	 vkey;		/* SHA-256 of its text */
	const struct hash *replaces;	/* optional: of the one before */
	bool		 retires;
	const char	*reason;	/* optional, when it retires */
	const uint64_t	*seats;		/* optional: who agreed */
	size_t		 seat_count;
};
[[nodiscard]] enum err entry_node(const struct entry_common *c,
    const struct entry_node_facts *f, struct bytes *out);

/* Rows that were made again from entries from … to, by their kind. */
[[nodiscard]] enum err entry_registry_repair(const struct entry_common *c,
    uint64_t from, uint64_t to, const struct entry_tally *counts,
    size_t count, struct bytes *out);
/* entries: how many it holds; digest (of the file) may be NULL. */
[[nodiscard]] enum err entry_registry_backup(const struct entry_common *c,
    uint64_t entries, const struct hash *digest,
    const struct entry_tally *counts, size_t count, struct bytes *out);

/* size: of the largest tree this witness has cosigned; reason optional. */
[[nodiscard]] enum err entry_witness_lost(const struct entry_common *c,
    const char *witness, const char *reason, uint64_t size,
    struct bytes *out);
[[nodiscard]] enum err entry_witness_gained(const struct entry_common *c,
    const char *witness, uint64_t size, struct bytes *out);

/* A period ends; this entry is in none: the next begins after it. */
struct entry_period_facts {
	const char	*period;	/* "2026-11" */
	uint64_t	 first, last;	/* this one is last + 1 */
	const struct entry_tally *totals;	/* entries by event */
	size_t		 total_count;
	uint64_t	 orphans;	/* tickets never accounted for */
	struct hash	 policy;	/* in force at the end */
	uint64_t	 serial;
	const struct hash *previous;	/* root at the last close, or NULL */
};
[[nodiscard]] enum err entry_period_close(const struct entry_common *c,
    const struct entry_period_facts *f, struct bytes *out);
/* Entries below min may be gone from now on (C2SP: the minimum index). */
[[nodiscard]] enum err entry_prune(const struct entry_common *c,
    uint64_t min, struct bytes *out);

/* Somebody looked up what the log says of a holder or of entries. */
struct entry_query_facts {
	const char	*what;		/* a WORD: "holder", "open" */
	const char	*caller;	/* optional, as seat is */
	const uint64_t	*seat;
	const uint8_t	*holder;	/* optional: pseudonym */
	const uint64_t	*of;		/* optional */
	size_t		 of_count;
};
[[nodiscard]] enum err entry_audit_query(const struct entry_common *c,
    const struct entry_query_facts *f, struct bytes *out);

/* Checkpoints are signed by another key from the next one on. */
#define ENTRY_KEY_LOST "lost"	/* reason */
struct entry_logkey_facts {
	const struct vkey *former, *key;	/* of one name and type */
	bool		 lost;		/* the former one signs no more */
	const struct hash *transcript;	/* optional: of the ceremony */
};
[[nodiscard]] enum err entry_logkey_rotate(const struct entry_common *c,
    const struct entry_logkey_facts *f, struct bytes *out);

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
