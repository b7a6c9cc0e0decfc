/*
 * One entry's effects. Entries come from the published log, verified against
 * its signed root; the constraints of the registry are the second opinion.
 * Reads like reserve.c, which did all this the first time. Previous:
 * rebuild.c.
 */
#include "signer/notary/restore.h"

#include <inttypes.h>
#include <string.h>

#include "audit/merkle.h"
#include "audit/schema.h"
#include "base/time.h"
#include "signer/notary/closed.h"
#include "signer/notary/registry_fleet.h"

const char *const restore_words[RESTORE_KIND_COUNT] = {
#define X(name, word) word,
	RESTORE_KINDS(X)
#undef X
};

/* An allowing decision, in the registry's types. */
struct effect {
	struct registry		*registry;
	const struct schema_entry *entry;
	struct handle		 holder, device, serial;
	struct view		 programme;
	enum purpose		 purpose;
	int64_t			 now, expiry;	/* seconds; TIME_NONE */
	int64_t			 list_size;
	uint64_t		 index;
	uint64_t		*counts;
	int64_t			*newest;
	bool			 superseded;	/* by a later device */
};

bool
restore_is_closed(const struct registry_idem *idem)
{
	static const struct handle none;

	return view_equal(VIEW_OF(idem->fingerprint.at), VIEW_OF(none.at));
}

/* ---- reading */

static struct handle
handle_of(struct view hex)
{
	AUTO_DONE(bytes) b = { 0 };
	struct handle h = { 0 };

	if (hex_get(hex, &b) == ERR_OK && b.len == sizeof(h.at))
		memcpy(h.at, b.at, sizeof(h.at));
	return h;
}

/* The decision's own clock, which rules looked at; otherwise the entry's. */
static int64_t
now_of(const struct schema_entry *e)
{
	struct view rest = e->member[SCHEMA_FACTS], word, value;

	while (rest.at != NULL && schema_next_pair(&rest, &word, &value)) {
		struct reader r = reader_of(value);
		uint64_t now = reader_decimal(&r, INT64_MAX);

		if (view_is(word, "now") && reader_end(&r, "now") == ERR_OK)
			return (int64_t)now;
	}
	return (int64_t)(schema_count(e, SCHEMA_T) / 1000);
}

/* The first binding's own was keyed by its seed: another, as good a name. */
static struct handle
serial_for(int64_t now, struct view entry)
{
	struct handle h = handle_at(now);
	struct hash leaf = merkle_leaf(entry);

	memcpy(h.at + 4, leaf.at, sizeof(h.at) - 4);
	return h;
}

static struct effect
effect_of(struct registry *r, uint64_t index, struct view bytes,
    const struct schema_entry *e)
{
	struct effect f = {
		.registry = r,
		.entry = e,
		.index = index,
		.holder = handle_of(e->member[SCHEMA_HOLDER]),
		.device = handle_of(e->member[SCHEMA_DEVICE]),
		.programme = e->member[SCHEMA_PROGRAMME],
		.now = now_of(e),
		.expiry = e->member[SCHEMA_EXPIRY].at != NULL ?
		    (int64_t)(schema_count(e, SCHEMA_EXPIRY) / 1000) :
		    TIME_NONE,
	};

	f.serial = serial_for(f.now, bytes);
	if (e->member[SCHEMA_PURPOSE].at == NULL ||
	    purpose_of(e->member[SCHEMA_PURPOSE], &f.purpose) != ERR_OK)
		f.purpose = PURPOSE_FIRST_ISSUE;
	return f;
}

/* ---- QR tokens */

static void
copy_name(char out[REGISTRY_NAME + 1], struct view name)
{
	size_t n = name.len < REGISTRY_NAME ? name.len : REGISTRY_NAME;

	if (n != 0)
		memcpy(out, name.at, n);
	out[n] = '\0';
}

static enum err
mint(struct effect *f)
{
	const struct schema_entry *e = f->entry;
	struct registry_qr qr = {
		.cti = handle_of(e->member[SCHEMA_CTI]),
		.holder = f->holder,
		.purpose = f->purpose,
		.issued_at = f->now,
		/* not told: then it can no longer be used, only be known */
		.expires_at = f->expiry != TIME_NONE ? f->expiry : f->now,
	};

	if (e->member[SCHEMA_CTI].at == NULL)
		return ERR_OK;
	copy_name(qr.programme, f->programme);
	copy_name(qr.centre, e->member[SCHEMA_CENTRE]);
	f->counts[RESTORE_TOKENS]++;
	return registry_qr_mint(f->registry, &qr);
}

/* One that was forgotten for its age is no loss. */
static enum err
redeem(struct effect *f)
{
	struct handle cti = handle_of(f->entry->member[SCHEMA_USED]);
	struct registry_qr qr;
	enum err e;

	if (f->entry->member[SCHEMA_USED].at == NULL)
		return ERR_OK;
	e = registry_qr_find(f->registry, &cti, &qr);
	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	f->counts[RESTORE_REDEEMED]++;
	return registry_qr_redeem(f->registry, &cti, f->now);
}

/* ---- devices */

static enum err
bind_keys(struct effect *f)
{
	struct view rest = f->entry->member[SCHEMA_KEYS], hex;

	while (rest.at != NULL && schema_next_hex(&rest, &hex)) {
		struct handle key = handle_of(hex);

		f->counts[RESTORE_KEYS]++;
		TRY(registry_key_bind(f->registry, &key, &f->holder));
	}
	return ERR_OK;
}

static enum err
change(struct effect *f, const struct registry_device *old,
    enum device_state to, enum status value)
{
	f->counts[RESTORE_DEVICES]++;
	TRY(registry_device_change(f->registry, &f->holder, f->programme, old,
	    to, f->now));
	return registry_status_set(f->registry, &old->serial, value);
}

static enum err
replace(struct effect *f)
{
	struct registry_device old;
	enum err e = registry_device_find(f->registry, &f->holder,
	    f->programme, &old);
	bool expired;

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	if (old.issued_at > f->now)
		return ERR_OK;	/* it came later: reserve_or_pass() */
	expired = old.administrative_expiry != TIME_NONE &&
	    old.administrative_expiry <= f->now;
	return change(f, &old, expired ? DEVICE_EXPIRED : DEVICE_REPLACED,
	    STATUS_INVALID);
}

/*
 * Where several nodes share the registry, another may have brought back, or
 * kept, what came after: then this device is of the past already.
 */
static enum err
reserve_or_pass(struct effect *f, const struct registry_device *fresh)
{
	struct registry_device later;
	enum err e = registry_device_reserve(f->registry, &f->holder,
	    f->programme, fresh);

	if (e != ERR_EXISTS || !registry_is_shared(f->registry))
		return e;
	TRY(registry_device_find(f->registry, &f->holder, f->programme,
	    &later));
	f->superseded = later.issued_at > f->now;
	return f->superseded ? ERR_OK : e;
}

static enum err
reserve(struct effect *f)
{
	struct registry_device fresh = {
		.device = f->device,
		.serial = f->serial,
		.issued_at = f->now,
		.administrative_expiry = f->expiry,
	};

	f->counts[RESTORE_DEVICES]++;
	if (f->purpose == PURPOSE_REFRESH) {
		TRY(registry_device_find(f->registry, &f->holder, f->programme,
		    &fresh));
		f->serial = fresh.serial;
		return registry_device_refresh(f->registry, &f->holder,
		    f->programme, &f->device, f->now);
	}
	if (f->purpose == PURPOSE_REISSUE)
		TRY(replace(f));
	return reserve_or_pass(f, &fresh);
}

static enum err
take_places(struct effect *f, struct status_use *out_first)
{
	struct view rest = f->entry->member[SCHEMA_ST];
	struct schema_use told;

	while (rest.at != NULL && schema_next_use(&rest, &told)) {
		struct status_use use = { .list = (int64_t)told.list,
		    .size = f->list_size, .first = (int64_t)told.first,
		    .count = (int64_t)told.count };

		f->counts[RESTORE_PLACES]++;
		TRY(registry_status_restore(f->registry, &use, &f->serial,
		    f->expiry != TIME_NONE ? f->expiry : f->now, f->now));
		*out_first = use;
	}
	return ERR_OK;
}

/* ---- retries */

static enum err
close_retry(struct effect *f, const struct status_use *use)
{
	struct handle id = handle_of(f->entry->member[SCHEMA_REQ]);
	bool token = f->entry->member[SCHEMA_CTI].at != NULL;
	struct registry_idem idem = {
		.index = f->index,
		.terms = {
			.issued_at = f->now,
			.valid_from = f->now,
			.administrative_expiry = token ? TIME_NONE : f->expiry,
			.technical_expiry = token && f->expiry != TIME_NONE ?
			    f->expiry : f->now,
		},
		.status = *use,
	};

	if (f->entry->member[SCHEMA_DRAFTS].at == NULL)
		return ERR_OK;
	f->counts[RESTORE_RETRIES]++;
	return registry_idem_put(f->registry, &id, &idem);
}

/* ---- decisions */

static enum err
issue(struct effect *f)
{
	struct status_use use = { 0 };

	if (*f->newest < f->now)
		*f->newest = f->now;
	TRY(redeem(f));
	TRY(bind_keys(f));
	TRY(reserve(f));
	TRY(take_places(f, &use));
	if (f->superseded)
		TRY(registry_status_set(f->registry, &f->serial,
		    STATUS_INVALID));
	return close_retry(f, &use);
}

static enum err
change_status(struct effect *f)
{
	static const struct {
		const char		*action;
		enum device_state	 to;
		enum status		 value;
	} actions[] = {
		{ "suspend", DEVICE_SUSPENDED, STATUS_SUSPENDED },
		{ "reinstate", DEVICE_ACTIVE, STATUS_VALID },
		{ "revoke", DEVICE_REVOKED, STATUS_INVALID },
	};
	struct registry_device old;

	TRY(registry_device_find(f->registry, &f->holder, f->programme, &old));
	for (size_t i = 0; i < COUNT(actions); i++)
		if (view_is(f->entry->member[SCHEMA_ACTION],
		    actions[i].action))
			return change(f, &old, actions[i].to,
			    actions[i].value);
	return ERR_OK;
}

static enum err
decide(struct effect *f)
{
	struct view op = f->entry->member[SCHEMA_OP];
	struct status_use none = { 0 };

	if (view_is(op, "status-change"))
		return change_status(f);
	if (view_is(op, "credential"))
		return issue(f);
	TRY(mint(f));
	return close_retry(f, &none);
}

/* ---- what is remembered by name: force.c, start.c, prune.c, closed.c */

static enum err
put_hash(struct bytes *out, struct view hex)
{
	return hex_get(hex, out);
}

static enum err
remember(struct registry *r, const struct schema_entry *e)
{
	AUTO_DONE(bytes) value = { 0 };

	if (e->event == SCHEMA_EVENT_CEREMONY) {
		TRY(put_hash(&value, e->member[SCHEMA_TRANSCRIPT]));
		return registry_meta_put(r, "ceremony", bytes_view(&value));
	}
	if (e->event == SCHEMA_EVENT_PRUNE) {
		bytes_put_u64(&value, schema_count(e, SCHEMA_MIN));
		bytes_put_u64(&value, schema_count(e, SCHEMA_SEQ) + 1);
		TRY(bytes_check(&value));
		return registry_meta_put(r, "prune", bytes_view(&value));
	}
	if (e->event == SCHEMA_EVENT_PERIOD_CLOSE) {
		bytes_put(&value, e->member[SCHEMA_PERIOD]);
		return closed_record(r, bytes_text(&value),
		    schema_count(e, SCHEMA_SEQ) + 1);
	}
	if (e->event != SCHEMA_EVENT_POLICY_IN_FORCE)
		return ERR_OK;
	bytes_put_u64(&value, schema_count(e, SCHEMA_SERIAL));
	TRY(put_hash(&value, e->member[SCHEMA_MANIFEST]));
	TRY(put_hash(&value, e->member[SCHEMA_POLICY]));
	return registry_meta_put(r, "policy", bytes_view(&value));
}

enum err
restore_entry(struct registry *r, uint64_t index, struct view entry,
    int64_t list_size, struct restored *so_far)
{
	struct schema_entry e;
	struct effect f;
	enum err done;

	TRY(schema_get(entry, &e));
	TRY(registry_entry_put(r, index, entry));
	so_far->counts[RESTORE_ENTRIES]++;
	TRY(remember(r, &e));
	if (e.event != SCHEMA_EVENT_DECISION ||
	    !view_is(e.member[SCHEMA_OUT], "allow") ||
	    e.member[SCHEMA_DRY].at != NULL)
		return ERR_OK;
	f = effect_of(r, index, entry, &e);
	f.list_size = list_size;
	f.counts = so_far->counts;
	f.newest = &so_far->newest;
	done = decide(&f);
	if (done != ERR_EXISTS && done != ERR_NOT_FOUND)
		return done;
	return err_because(ERR_CORRUPT, "entry %" PRIu64 " allowed what the "
	    "registry does not: they do not belong together", index);
}
