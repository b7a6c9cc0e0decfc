/*
 * The registry: what must be remembered so that the programme's promises
 * hold. One active device for each holder and programme, QR tokens redeemed
 * once, nonces used once, retries that sign the same content, and the log's
 * entries. Verbs of the domain; SQL stays behind them.
 *
 * Constraints of the database decide, code only explains: a verb that changes
 * something is one statement whose conflict is ERR_EXISTS, never a question
 * followed by an insertion. All changes happen between registry_begin() and
 * registry_commit() and are durable when that returns ERR_OK.
 *
 * Errors beside those of each verb: ERR_FULL (no space) and ERR_MEMORY, after
 * which the transaction can only be rolled back; ERR_SYSTEM and ERR_CORRUPT,
 * after which the process must end and recovery decides from what is on disk.
 * registry_failed() remembers the first of these; verbs after it fail alike.
 *
 * Instants are seconds since 1970, TIME_NONE for none.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_H
#define OKSE_SIGNER_NOTARY_REGISTRY_H

#include "policy/policy.h"

#define HANDLE_SIZE 16

/* A pseudonym or a random id: 16 bytes that say nothing. */
struct handle {
	uint8_t	at[HANDLE_SIZE];
};

/* The smallest that begins with this time: u32 seconds, then zeros. */
struct handle handle_at(int64_t time);

struct registry;

/*
 * Opens or creates the database at path, alone: ERR_UNAVAILABLE when another
 * process has it. ERR_UNSUPPORTED for a schema of another version.
 */
[[nodiscard]] enum err registry_open(const char *path,
    struct registry **out_registry);
void registry_close(struct registry *r);
AUTO_DEFINE(registry, struct registry, registry_close);

[[nodiscard]] enum err registry_begin(struct registry *r);
/* Anything but ERR_OK: whether it is durable is unknown; end the process. */
[[nodiscard]] enum err registry_commit(struct registry *r);
void registry_rollback(struct registry *r);
/*
 * One request within the batch: what changed since the last mark can be taken
 * back alone.
 */
[[nodiscard]] enum err registry_mark(struct registry *r);
[[nodiscard]] enum err registry_undo(struct registry *r);
enum err registry_failed(const struct registry *r);

/* ---- devices */

struct registry_device {
	struct handle	device;
	int64_t		issued_at;
	int64_t		administrative_expiry;
};

/* The active device; ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_device_find(struct registry *r,
    const struct handle *holder, struct view programme,
    struct registry_device *out_device);
/* ERR_EXISTS: the holder has an active device in this programme. */
[[nodiscard]] enum err registry_device_reserve(struct registry *r,
    const struct handle *holder, struct view programme,
    const struct registry_device *fresh);
/* Retires old and reserves fresh; ERR_EXISTS: old is not the active one. */
[[nodiscard]] enum err registry_device_replace(struct registry *r,
    const struct handle *holder, struct view programme,
    const struct handle *old, const struct registry_device *fresh);
/* Notes a refresh; ERR_EXISTS: this device is not the active one. */
[[nodiscard]] enum err registry_device_refresh(struct registry *r,
    const struct handle *holder, struct view programme,
    const struct handle *device, int64_t now);

/* The holder a device key is bound to, for good; ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_key_find(struct registry *r,
    const struct handle *key, struct handle *out_holder);
/* ERR_EXISTS: bound to another holder. */
[[nodiscard]] enum err registry_key_bind(struct registry *r,
    const struct handle *key, const struct handle *holder);

/* ---- evidence and nonces */

#define REGISTRY_NAME 64	/* bytes of a programme or centre in a token */

struct registry_qr {
	struct handle	cti;	/* begins as handle_at(issued_at) does */
	struct handle	holder;
	char		programme[REGISTRY_NAME + 1];
	enum purpose	purpose;
	char		centre[REGISTRY_NAME + 1];
	int64_t		issued_at;
	int64_t		expires_at;
	int64_t		redeemed_at;
};

/* ERR_EXISTS: this cti was given out before. */
[[nodiscard]] enum err registry_qr_mint(struct registry *r,
    const struct registry_qr *qr);
/* ERR_NOT_FOUND: not ours, or forgotten long after its expiry. */
[[nodiscard]] enum err registry_qr_find(struct registry *r,
    const struct handle *cti, struct registry_qr *out_qr);
/* ERR_EXISTS: redeemed already, or not there. */
[[nodiscard]] enum err registry_qr_redeem(struct registry *r,
    const struct handle *cti, int64_t now);

struct registry_nonce {
	struct handle	random;
	int64_t		expires_at;
};

[[nodiscard]] enum err registry_nonce_used(struct registry *r,
    const struct registry_nonce *nonce, bool *out_used);
/* ERR_EXISTS: used before. */
[[nodiscard]] enum err registry_nonce_use(struct registry *r,
    const struct registry_nonce *nonce);

/* ---- retries */

#define REGISTRY_DRAFTS 64

/* What a retry needs to come to the same drafts. */
struct registry_idem {
	uint64_t		index;		/* of the decision in the log */
	struct handle		fingerprint;	/* keyed hash of the request */
	struct handle		seed;		/* random: salts come from it */
	struct grant_terms	terms;
	size_t			draft_count;
	struct hash		drafts[REGISTRY_DRAFTS];
};

/* id: keyed hash of caller and Idempotency-Key. ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_idem_find(struct registry *r,
    const struct handle *id, struct registry_idem *out_idem);
/* ERR_EXISTS: this id is taken. */
[[nodiscard]] enum err registry_idem_put(struct registry *r,
    const struct handle *id, const struct registry_idem *idem);

/* ---- the log's entries, dense from 0 */

/* ERR_EXISTS: there is another entry at this index. */
[[nodiscard]] enum err registry_entry_put(struct registry *r, uint64_t index,
    struct view entry);
/* Valid until the next call of this function; ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_entry_get(struct registry *r, uint64_t index,
    struct view *out_entry);
/* The highest index and one. */
[[nodiscard]] enum err registry_entry_count(struct registry *r,
    uint64_t *out_count);

/* ---- the rest */

/* Small facts by name ("policy", "reported"); appended. ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_meta_get(struct registry *r,
    const char *name, struct bytes *out);
[[nodiscard]] enum err registry_meta_put(struct registry *r,
    const char *name, struct view value);

#define REGISTRY_QR_KEPT DAY		/* after its issue */
#define REGISTRY_IDEM_KEPT (7 * DAY)	/* after its decision */

/*
 * Removes some of what time has made useless (up to rows of each kind, oldest
 * first): nonces after their expiry, QR tokens and retries as above. Called
 * with every batch, it keeps up without ever taking long.
 */
[[nodiscard]] enum err registry_forget(struct registry *r, int64_t now,
    size_t rows);

#endif
