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
 * after which the process must end and recovery decides from what is on disk;
 * ERR_UNAVAILABLE (a server is away), after which all is rolled back.
 * registry_failed() remembers the first of these; verbs after it fail alike.
 *
 * Instants are seconds since 1970, TIME_NONE for none.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_H
#define OKSE_SIGNER_NOTARY_REGISTRY_H

#include "credential/draft.h"
#include "credential/status_list.h"
#include "policy/policy.h"

#define HANDLE_SIZE 16

/* A pseudonym or a random id: 16 bytes that say nothing. */
struct handle {
	uint8_t	at[HANDLE_SIZE];
};

/* The smallest that begins with this time: u32 seconds, then zeros. */
struct handle handle_at(int64_t time);
int64_t handle_time(const struct handle *h);

struct registry;

/*
 * where: the path of a file, which is opened or created, alone; or
 * postgresql://…, which nodes of a fleet share. ERR_UNAVAILABLE when another
 * process has it or it is away. ERR_UNSUPPORTED for a schema of another
 * version, which names the command that brings it to this one, and for a
 * server that must not be trusted with it.
 */
[[nodiscard]] enum err registry_open(const char *where,
    struct registry **out_registry);
/* For commands: as the role that owns the tables. */
[[nodiscard]] enum err registry_open_owner(const char *where,
    struct registry **out_registry);
/* Brings the schema to the version of this program, step by step. */
[[nodiscard]] enum err registry_migrate(const char *where, int *out_from,
    int *out_to);
void registry_close(struct registry *r);
AUTO_DEFINE(registry, struct registry, registry_close);

[[nodiscard]] enum err registry_begin(struct registry *r);
/*
 * The same, but a verb may succeed whose constraint refuses it in the end,
 * and a request may not be undone alone. Then registry_commit() or
 * registry_undo() is ERR_EXISTS, and after registry_rollback() the same must
 * be done again after registry_begin(). A batch costs less so: across a
 * network fewer round trips, in a file no copies of pages for savepoints.
 */
[[nodiscard]] enum err registry_begin_deferring(struct registry *r);
/*
 * Does it help to ask first for all that a batch will read? Between
 * registry_expect(r, true) and (r, false), right after the beginning, verbs
 * that read find nothing and are only noted.
 */
bool registry_expects(const struct registry *r);
[[nodiscard]] enum err registry_expect(struct registry *r, bool on);
/*
 * ERR_EXISTS as said above. ERR_UNAVAILABLE: it was not committed, and can be
 * rolled back. ERR_IN_FLIGHT: the database is away and whether it was
 * committed is not known yet; registry_resume() will tell (registry_fleet.h).
 * Anything else: it is unknown; end the process.
 */
[[nodiscard]] enum err registry_commit(struct registry *r);
/*
 * Between transactions, and after the answers of the last one have left: the
 * database's own chores, which can take some 10 ms.
 */
void registry_tend(struct registry *r);
void registry_rollback(struct registry *r);
/*
 * One request within the batch: what changed since the last mark can be taken
 * back alone. ERR_EXISTS as said above.
 */
[[nodiscard]] enum err registry_mark(struct registry *r);
[[nodiscard]] enum err registry_undo(struct registry *r);
enum err registry_failed(const struct registry *r);

/* ---- devices */

/*
 * A device of a holder in a programme. One that is active or suspended is
 * the holder's one device; others are its past. docs/devices.md.
 */
struct registry_device {
	struct handle		device;
	struct handle		serial;	/* of this binding; begins with the
					   second it was made in */
	enum device_state	state;
	int64_t			issued_at;
	int64_t			administrative_expiry;
	int64_t			refreshed_at, changed_at;
};

/*
 * The second that serial begins with names a binding: a holder's next one in
 * a programme has a later second, whatever the clocks of a fleet say.
 */

/* The one device, active or suspended; ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_device_find(struct registry *r,
    const struct handle *holder, struct view programme,
    struct registry_device *out_device);
/* The newest of those that are no longer it; ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_device_last(struct registry *r,
    const struct handle *holder, struct view programme,
    struct registry_device *out_device);
/* All of them, the newest first, up to max; how many there are. */
[[nodiscard]] enum err registry_devices_of(struct registry *r,
    const struct handle *holder, struct view programme, size_t max,
    struct registry_device *out, size_t *out_count);
/* As active. ERR_EXISTS: the holder has a device in this programme. */
[[nodiscard]] enum err registry_device_reserve(struct registry *r,
    const struct handle *holder, struct view programme,
    const struct registry_device *fresh);
/* From old->state to another. ERR_EXISTS: it is not in old->state. */
[[nodiscard]] enum err registry_device_change(struct registry *r,
    const struct handle *holder, struct view programme,
    const struct registry_device *old, enum device_state to, int64_t now);
/* Notes a refresh; ERR_EXISTS: this device is not the active one. */
[[nodiscard]] enum err registry_device_refresh(struct registry *r,
    const struct handle *holder, struct view programme,
    const struct handle *device, int64_t now);

/* For a registry that was lost: any device, by the second it was bound in. */
[[nodiscard]] enum err registry_device_bound(struct registry *r,
    const struct handle *holder, struct view programme, int64_t bound,
    struct registry_device *out_device);
/* In any state. ERR_EXISTS: as registry_device_reserve(). */
[[nodiscard]] enum err registry_device_put(struct registry *r,
    const struct handle *holder, struct view programme,
    const struct registry_device *fresh);
/* All of d but its serial, in place of what was there in that state. */
[[nodiscard]] enum err registry_device_amend(struct registry *r,
    const struct handle *holder, struct view programme,
    enum device_state was, const struct registry_device *d);

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
/*
 * For a registry that was lost: redeemed_at TIME_NONE tells all but whether it
 * was redeemed, otherwise that, and as much of the rest as is not known.
 */
[[nodiscard]] enum err registry_qr_restore(struct registry *r,
    const struct registry_qr *qr);
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

/* ---- quotas */

/* id begins as handle_at(end of the window) does. 0 when nothing was taken. */
[[nodiscard]] enum err registry_quota_used(struct registry *r,
    const struct handle *id, int64_t *out_used);
/* One more; ERR_EXISTS: at_most were taken. */
[[nodiscard]] enum err registry_quota_take(struct registry *r,
    const struct handle *id, int64_t at_most);

/* ---- places in status lists (registry_status.c) */

/* Counters [first, first + count) of a list; list 0: none. */
struct status_use {
	int64_t	list, size;
	int64_t	first, count;
};

/*
 * Takes count counters, which are nobody else's ever, for credentials of a
 * device until expires_at. size: that of lists opened from now on.
 */
[[nodiscard]] enum err registry_status_take(struct registry *r, int64_t size,
    int64_t count, const struct handle *serial, int64_t expires_at,
    int64_t now, struct status_use *out_use);
/*
 * Gives all uses of a device this value, except those that are invalid. Call
 * it after the device was changed in the same transaction, which keeps others
 * from adding to its uses.
 */
[[nodiscard]] enum err registry_status_set(struct registry *r,
    const struct handle *serial, enum status value);

/*
 * Gives counters that were taken before, by a registry that was lost: opens
 * their list with use->size when it is not there. ERR_EXISTS: in use.
 */
[[nodiscard]] enum err registry_status_restore(struct registry *r,
    const struct status_use *use, const struct handle *serial,
    int64_t expires_at, int64_t now);

/* What a device's credentials have, the newest first, up to max of them. */
struct registry_use {
	struct status_use	use;		/* size 0: look it up */
	enum status		value;
	int64_t			expires_at;
};
[[nodiscard]] enum err registry_status_of(struct registry *r,
    const struct handle *serial, size_t max, struct registry_use *out,
    size_t *out_count);

/*
 * Places that are lost with a node's log may not be given again: from now on
 * they are taken in a list that did not exist then.
 */
[[nodiscard]] enum err registry_status_skip(struct registry *r, int64_t now);

struct registry_list {
	int64_t	list, size;
	int64_t	next;		/* counters from here on have no use yet */
	int64_t	version;	/* grows with every change of a value */
	int64_t	opened_at;
};

/* The first list whose number is at least from; ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_status_list(struct registry *r, int64_t from,
    struct registry_list *out_list);
/* Whether there are credentials in it that may still be valid. */
[[nodiscard]] enum err registry_status_in_use(struct registry *r,
    int64_t list, bool *out_in_use);

/* How far a list was gone through: begins as { list }. */
struct registry_sweep {
	int64_t	list;
	int64_t	next;		/* counter */
	bool	whole;		/* there are no more */
};
/*
 * Calls each with the next uses that are not valid, some of them at most,
 * until it fails.
 */
[[nodiscard]] enum err registry_status_changed(struct registry *r,
    struct registry_sweep *s, size_t some, enum err (*each)(void *arg,
    const struct status_use *use, enum status value), void *arg);

/* A use that was given another value: the list's version grew by one. */
struct registry_change {
	struct status_use	use;
	enum status		value;
};
/* Those since registry_mark(): what a request has changed. */
size_t registry_status_staged(const struct registry *r,
    const struct registry_change **out_changes);
/*
 * The next change that this process has made durable and was not told here
 * before; false: none.
 */
bool registry_status_next(struct registry *r,
    struct registry_change *out_change);

/* ---- retries */

#define REGISTRY_DRAFTS 64

/* What a retry needs to come to the same drafts. */
struct registry_idem {
	int64_t			node;		/* whose log has */
	uint64_t		index;		/* the decision */
	struct handle		fingerprint;	/* keyed hash of the request */
	struct handle		seed;		/* random: salts come from it */
	struct grant_terms	terms;
	struct status_use	status;		/* list and first alone */
	size_t			draft_count;
	struct {
		struct hash	hash;
		struct hash	signer;	/* zero: an older version's */
	}			drafts[REGISTRY_DRAFTS];
};

/* id: keyed hash of caller and Idempotency-Key. ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_idem_find(struct registry *r,
    const struct handle *id, struct registry_idem *out_idem);
/* Of this node's log. ERR_EXISTS: this id is taken. */
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

/* ---- orphans (registry_orphan.c) */

/* A ticket of this node's log that a crash left without an outcome. */
struct registry_orphan {
	uint64_t	index;		/* of the entry that allowed it */
	uint64_t	noted;		/* of the one that says what it is */
	uint64_t	closed;		/* of the one that closed it, or 0 */
};

/* One that is known already stays as it is. */
[[nodiscard]] enum err registry_orphan_put(struct registry *r,
    uint64_t index, uint64_t noted);
/* ERR_EXISTS: it is not open. */
[[nodiscard]] enum err registry_orphan_close(struct registry *r,
    uint64_t index, uint64_t closed);
[[nodiscard]] enum err registry_orphan_find(struct registry *r,
    uint64_t index, struct registry_orphan *out_orphan); /* ERR_NOT_FOUND */
/* The open ones with the lowest indexes at or over from; how many there are. */
[[nodiscard]] enum err registry_orphans_open(struct registry *r,
    uint64_t from, size_t max, struct registry_orphan *out,
    size_t *out_count);
[[nodiscard]] enum err registry_orphans_count(struct registry *r,
    uint64_t *out_open);

/* ---- the rest */

/* Small facts by name ("policy", "reported"); appended. ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_meta_get(struct registry *r,
    const char *name, struct bytes *out);
[[nodiscard]] enum err registry_meta_put(struct registry *r,
    const char *name, struct view value);

#define REGISTRY_QR_KEPT DAY		/* after its issue */
#define REGISTRY_IDEM_KEPT (7 * DAY)	/* after its decision */
#define REGISTRY_USES_KEPT DAY		/* after the credential's expiry */

/*
 * Removes some of what time has made useless (up to rows of each kind, oldest
 * first): nonces after their expiry, windows of quotas after their end, QR
 * tokens, retries and places in status lists as above. Called
 * often, it keeps up without ever taking long.
 */
[[nodiscard]] enum err registry_forget(struct registry *r, int64_t now,
    size_t rows);

#endif
