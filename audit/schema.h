/*
 * The form of a log entry, version 1: one canonical JSON object of at most
 * 8192 bytes (the subset of RFC 8785 with ASCII, sorted members, integers up
 * to 2^53 - 1, no white space, no escapes). These two tables are the whole
 * vocabulary; a member has one form wherever it appears, and whatever is not
 * listed is refused by name.
 *
 * HEXn: n bytes in lower-case hex. WORD: [a-z0-9][a-z0-9._-]{0,63}. NAME:
 * 1 … 128 of [A-Za-z0-9 ._:/@+=,-], never a person's. DIGITSn: n of them.
 * COUNT: an integer, 0 or more. INDEXES: ascending COUNTs, HASHES: HEX32s,
 * IDS: HEX16s, USES: arrays of three COUNTs, each 1 … 200. RULES: object of
 * WORD to "pass", "fail", "mon" or "na", TALLY: of WORD to COUNT, sorted.
 * FACTS: object of the names in policy/seen.h to integers, NAMEs and objects
 * of WORD to these two, sorted. Times (t, expiry, since) are milliseconds
 * since 1970 UTC.
 */
#ifndef OKSE_AUDIT_SCHEMA_H
#define OKSE_AUDIT_SCHEMA_H

#include <stdbool.h>

#include "base/bytes.h"

#define SCHEMA_FORMAT 1			/* v of every entry */
#define SCHEMA_ENTRY_MAX 8192
#define SCHEMA_LIST_MAX 200

/* constant, name, form: sorted by name */
#define SCHEMA_MEMBERS(X)                                                     \
	X(ACTION, "action", ACTION)	/* suspend, reinstate, revoke */      \
	X(BOOT, "boot", HEX8)		/* this start's random id */          \
	X(BOUND, "bound", COUNT)	/* when, which names a device */      \
	X(BY, "by", SIGNED)		/* ms the clock stepped */            \
	X(CALLER, "caller", NAME)	/* client or user that asked */       \
	X(CENTRE, "centre", DIGITS10)	/* community centre */                \
	X(CHANGED, "changed", COUNT)	/* a device, later than before */     \
	X(CONFIG, "config", HEX32)	/* SHA-256 of the file */             \
	X(COUNTS, "counts", TALLY)	/* of rows, by their kind */          \
	X(CTI, "cti", HEX16)		/* of the QR token minted */          \
	X(DEVICE, "device", HEX16)	/* pseudonym */                       \
	X(DIGEST, "digest", HEX32)	/* SHA-256 of a file */               \
	X(DRAFTS, "drafts", HASHES)	/* SHA-256 of each draft */           \
	X(DRY, "dry", COUNT)		/* 1: asked, not done */              \
	X(ENTRIES, "entries", COUNT)	/* found durable */                   \
	X(EV, "ev", WORD)		/* what happened */                   \
	X(EVIDENCE, "evidence", WORD)	/* qr-token, ic-card */               \
	X(EXPIRY, "expiry", COUNT)	/* administrative; a QR token's */    \
	X(FACTS, "facts", FACTS)	/* what the rules looked at */        \
	X(FIRST, "first", COUNT)	/* index */                           \
	X(FORMER, "former", NAME)	/* base64 of a vkey's type and key */ \
	X(FROM, "from", COUNT)                                                \
	X(HOLDER, "holder", HEX16)	/* pseudonym */                       \
	X(KEY, "key", NAME)		/* likewise: what replaces it */      \
	X(KEYHOLDER, "keyholder", COUNT)/* number of the process */           \
	X(KEYS, "keys", IDS)		/* pseudonyms of keys bound */        \
	X(LABEL, "label", NAME)		/* of the key */                      \
	X(LAST, "last", COUNT)		/* index */                           \
	X(LIST, "list", COUNT)		/* number of a status list */         \
	X(MALFORMED, "malformed", COUNT)                                      \
	X(MANIFEST, "manifest", HEX32)	/* SHA-256 of a bundle's */           \
	X(MIN, "min", COUNT)		/* lowest index kept */               \
	X(N, "n", HEX16)		/* nonce: hides the rest */           \
	X(NODE, "node", WORD)		/* one daemon of several */           \
	X(OF, "of", INDEXES)		/* entries it speaks of */            \
	X(OLD, "old", COUNT)		/* the bound of who made room */      \
	X(OP, "op", OPERATION)                                                \
	X(ORIGIN, "origin", NAME)	/* of a log */                        \
	X(ORPHANS, "orphans", COUNT)	/* tickets never accounted for */     \
	X(OUT, "out", OUTCOME)                                                \
	X(PERIOD, "period", WORD)	/* "2026-11" */                       \
	X(POLICY, "policy", HEX32)	/* hash of its files */               \
	X(PREVIOUS, "previous", HEX32)	/* root at the last close */          \
	X(PROGRAM, "program", HEX32)	/* SHA-256 of oksed */                \
	X(PROGRAMME, "programme", WORD)                                       \
	X(PUBLISHED, "published", COUNT)/* checkpoint's size */               \
	X(PURPOSE, "purpose", WORD)                                           \
	X(REASON, "reason", WORD)                                             \
	X(REGION, "region", DIGITS5)	/* province, municipality */          \
	X(REPLACES, "replaces", HEX32)	/* policy, key before */              \
	X(REQ, "req", HEX16)		/* request id */                      \
	X(RULES, "rules", RULES)                                              \
	X(SEAT, "seat", COUNT)		/* of an officer */                   \
	X(SEATS, "seats", INDEXES)	/* of officers who agreed */          \
	X(SEQ, "seq", COUNT)		/* = index of the leaf */             \
	X(SERIAL, "serial", COUNT)	/* of a policy, a status list */      \
	X(SIGNER, "signer", HEX8)	/* begin of the key's SHA-256 */      \
	X(SINCE, "since", COUNT)	/* start of the counting */           \
	X(SIZE, "size", COUNT)		/* of a tree */                       \
	X(SPKI, "spki", HEX32)		/* SHA-256 of the key */              \
	X(ST, "st", USES)		/* [list, first, count]: indexes */   \
	X(T, "t", COUNT)		/* never decreasing */                \
	X(THROTTLED, "throttled", COUNT)                                      \
	X(TO, "to", COUNT)                                                    \
	X(TOTALS, "totals", TALLY)	/* entries, by their event */         \
	X(TRANSCRIPT, "transcript", HEX32)/* root hash */                     \
	X(UNAUTHENTICATED, "unauthenticated", COUNT)                          \
	X(UNTIL, "until", COUNT)	/* credentials are valid (technical) */\
	X(USED, "used", HEX16)		/* cti of the QR token redeemed */    \
	X(V, "v", COUNT)                                                      \
	X(VALUE, "value", COUNT)	/* what the indexes were set to */    \
	X(VERSION, "version", NAME)	/* of the software */                 \
	X(VKEY, "vkey", HEX32)		/* SHA-256 of its text */             \
	X(WHAT, "what", WORD)		/* start, stop; outcome */            \
	X(WITNESS, "witness", NAME)

enum schema_member {
#define X(name, text, form) SCHEMA_##name,
	SCHEMA_MEMBERS(X)
#undef X
	SCHEMA_MEMBER_COUNT
};

/*
 * Constant, name, members required besides the common ones (boot, ev, n, seq,
 * t, v), optional members. M() is a member's bit, defined in schema.c.
 */
#define SCHEMA_EVENTS(X)                                                      \
	X(START, "start", M(VERSION), M(PROGRAM) | M(CONFIG))                 \
	X(STOP, "stop", M(REASON), 0)                                         \
	X(SEAL, "seal", M(REASON), M(SEAT))                                   \
	X(UNSEAL_SHARE, "unseal.share", M(SEAT), 0)                           \
	X(UNSEAL, "unseal", M(SEATS), M(DIGEST))                              \
	X(TOKEN, "token", M(COUNTS) | M(DIGEST), 0)                           \
	X(KEY_USE, "key.use",                                                 \
	    M(KEYHOLDER) | M(LABEL) | M(SPKI) | M(WHAT), 0)                   \
	X(DECISION, "decision",                                               \
	    M(CALLER) | M(OP) | M(OUT) | M(POLICY) | M(PROGRAMME) | M(REQ) |  \
	    M(RULES) | M(SERIAL),                                             \
	    M(ACTION) | M(BOUND) | M(CENTRE) | M(CHANGED) | M(CTI) |          \
	    M(DEVICE) | M(DRAFTS) | M(DRY) | M(EVIDENCE) | M(EXPIRY) |        \
	    M(FACTS) | M(HOLDER) | M(KEYS) | M(OLD) | M(PURPOSE) |            \
	    M(REASON) | M(REGION) | M(SIGNER) | M(ST) | M(UNTIL) |          \
	    M(USED) | M(VALUE))                                               \
	X(DONE, "done", M(OF), 0)                                             \
	X(FAILED, "failed", M(OF) | M(REASON), 0)                             \
	X(ORPHAN, "orphan", M(OF), 0)                                         \
	X(ORPHAN_CLOSED, "orphan.closed", M(OF) | M(WHAT),                    \
	    M(CALLER) | M(REASON))                                            \
	X(REFUSED, "refused.aggregate",                                       \
	    M(MALFORMED) | M(SINCE) | M(THROTTLED) | M(UNAUTHENTICATED), 0)   \
	X(RECOVER, "recover", M(ENTRIES) | M(PUBLISHED), 0)                   \
	X(POLICY_IN_FORCE, "policy",                                          \
	    M(MANIFEST) | M(POLICY) | M(SEATS) | M(SERIAL), M(REPLACES))      \
	X(CEREMONY, "ceremony", M(TRANSCRIPT), 0)                             \
	X(CLOCK_STEP, "clock.step", M(BY), 0)                                 \
	X(HEARTBEAT, "heartbeat", 0, 0)                                       \
	X(STATUS_LIST, "status.list",                                         \
	    M(DRAFTS) | M(LIST) | M(SERIAL), M(EXPIRY) | M(SIGNER))           \
	X(METADATA, "metadata", M(DRAFTS), M(SERIAL) | M(SIGNER))             \
	X(NODE_JOIN, "node.join",                                             \
	    M(NODE) | M(ORIGIN) | M(VKEY), M(REPLACES) | M(SEATS))            \
	X(NODE_RETIRE, "node.retire",                                         \
	    M(NODE) | M(ORIGIN) | M(VKEY), M(REASON) | M(SEATS))              \
	X(REGISTRY_REPAIR, "registry.repair",                                 \
	    M(COUNTS) | M(FROM) | M(TO), M(REASON))                           \
	X(REGISTRY_BACKUP, "registry.backup",                                 \
	    M(ENTRIES), M(COUNTS) | M(DIGEST))                                \
	X(WITNESS_LOST, "witness.lost", M(WITNESS), M(REASON) | M(SIZE))      \
	X(WITNESS_GAINED, "witness.gained", M(WITNESS), M(SIZE))              \
	X(PERIOD_CLOSE, "period.close",                                       \
	    M(FIRST) | M(LAST) | M(ORPHANS) | M(PERIOD) | M(POLICY) |         \
	    M(TOTALS), M(PREVIOUS) | M(SERIAL))                               \
	X(PRUNE, "prune", M(MIN), M(SEATS))                                   \
	X(AUDIT_QUERY, "audit.query", M(WHAT),                                \
	    M(CALLER) | M(FROM) | M(HOLDER) | M(OF) | M(SEAT) | M(TO))        \
	X(LOGKEY_ROTATE, "logkey.rotate",                                     \
	    M(FORMER) | M(KEY) | M(REPLACES) | M(VKEY),                       \
	    M(REASON) | M(SEATS) | M(TRANSCRIPT))

enum schema_event {
#define X(name, text, required, optional) SCHEMA_EVENT_##name,
	SCHEMA_EVENTS(X)
#undef X
	SCHEMA_EVENT_COUNT
};

/*
 * An entry taken apart: each member's value as a view of the entry, strings
 * without their quotes, at == NULL when absent.
 */
struct schema_entry {
	enum schema_event	event;
	struct view		member[SCHEMA_MEMBER_COUNT];
};

/*
 * Strict in everything above. ERR_SYNTAX (not canonical JSON), ERR_SCHEMA
 * (not of this vocabulary), ERR_TOO_LARGE; err_why() names the member and the
 * byte.
 */
[[nodiscard]] enum err schema_get(struct view entry,
    struct schema_entry *out_entry);

/* Value of a COUNT member; 0 when absent. */
uint64_t schema_count(const struct schema_entry *e, enum schema_member m);
/*
 * Takes the numbers of an INDEXES member one by one:
 *	struct view rest = e.member[SCHEMA_OF];
 *	while (schema_next_index(&rest, &index)) …
 */
bool schema_next_index(struct view *rest, uint64_t *out_index);
/* The same for the 64 digits of each of HASHES, the 32 of each of IDS. */
bool schema_next_hex(struct view *rest, struct view *out_hex);

/* One of USES: indexes of a status list, by their counters. */
struct schema_use {
	uint64_t	list, first, count;
};
bool schema_next_use(struct view *rest, struct schema_use *out_use);

/* One of a TALLY, or of RULES, whose value is then a text with its quotes. */
bool schema_next_pair(struct view *rest, struct view *out_word,
    struct view *out_value);

const char *schema_event_name(enum schema_event e);
const char *schema_member_name(enum schema_member m);

#endif
