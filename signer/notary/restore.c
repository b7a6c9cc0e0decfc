/*
 * One entry's effects. Entries come from the published log, verified against
 * its signed root; the constraints of the registry are the second opinion.
 * Reads like reserve.c, which did all this the first time. Entries of older
 * programs do not name the device they speak of: then it is the one that the
 * registry has by then. Previous: rebuild.c. Next: restore_device.c.
 */
#include "signer/notary/restore.h"

#include <inttypes.h>
#include <string.h>

#include "audit/merkle.h"
#include "audit/schema.h"
#include "base/time.h"
#include "signer/notary/closed.h"
#include "signer/notary/registry_fleet.h"
#include "signer/notary/restore_device.h"

const char *const restore_words[RESTORE_KIND_COUNT] = {
#define X(name, word) word,
	RESTORE_KINDS(X)
#undef X
};

/* An allowing decision, in the registry's types. */
struct effect {
	struct registry		*registry;
	const struct schema_entry *entry;
	struct restore_holder	 whose;
	struct handle		 device;
	enum purpose		 purpose;
	int64_t			 now, expiry;	/* seconds; TIME_NONE */
	int64_t			 list_size;
	uint64_t		 index;
	uint64_t		*counts;
	int64_t			*newest;
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

static int64_t
seconds_of(const struct schema_entry *e, enum schema_member m)
{
	return e->member[m].at == NULL ? TIME_NONE :
	    (int64_t)(schema_count(e, m) / 1000);
}

static struct effect
effect_of(struct registry *r, uint64_t index, const struct schema_entry *e)
{
	struct effect f = {
		.registry = r,
		.entry = e,
		.index = index,
		.whose = { r, handle_of(e->member[SCHEMA_HOLDER]),
		    e->member[SCHEMA_PROGRAMME] },
		.device = handle_of(e->member[SCHEMA_DEVICE]),
		.now = now_of(e),
		.expiry = seconds_of(e, SCHEMA_EXPIRY),
	};

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
		.holder = f->whose.holder,
		.purpose = f->purpose,
		.issued_at = f->now,
		/* not told: then it can no longer be used, only be known */
		.expires_at = f->expiry != TIME_NONE ? f->expiry : f->now,
		.redeemed_at = TIME_NONE,
	};

	if (e->member[SCHEMA_CTI].at == NULL)
		return ERR_OK;
	copy_name(qr.programme, f->whose.programme);
	copy_name(qr.centre, e->member[SCHEMA_CENTRE]);
	f->counts[RESTORE_TOKENS]++;
	return registry_is_shared(f->registry) ?
	    registry_qr_restore(f->registry, &qr) :
	    registry_qr_mint(f->registry, &qr);
}

/*
 * One that was forgotten for its age is no loss. Another node may have minted
 * it, and its log tell of it later.
 */
static enum err
redeem(struct effect *f)
{
	struct registry_qr qr = {
		.cti = handle_of(f->entry->member[SCHEMA_USED]),
		.holder = f->whose.holder,
		.purpose = f->purpose,
		.redeemed_at = f->now,
	};
	enum err e;

	if (f->entry->member[SCHEMA_USED].at == NULL)
		return ERR_OK;
	f->counts[RESTORE_REDEEMED]++;
	qr.issued_at = qr.expires_at = handle_time(&qr.cti);
	copy_name(qr.programme, f->whose.programme);
	copy_name(qr.centre, f->entry->member[SCHEMA_CENTRE]);
	if (registry_is_shared(f->registry))
		return registry_qr_restore(f->registry, &qr);
	e = registry_qr_redeem(f->registry, &qr.cti, f->now);
	if (e == ERR_EXISTS && registry_qr_find(f->registry, &qr.cti, &qr) ==
	    ERR_NOT_FOUND)
		return ERR_OK;
	return e;
}

/* ---- devices */

static enum err
bind_keys(struct effect *f)
{
	struct view rest = f->entry->member[SCHEMA_KEYS], hex;

	while (rest.at != NULL && schema_next_hex(&rest, &hex)) {
		struct handle key = handle_of(hex);

		f->counts[RESTORE_KEYS]++;
		TRY(registry_key_bind(f->registry, &key, &f->whose.holder));
	}
	return ERR_OK;
}

/* What the entry calls it, or the one there is, if it is not a later one. */
static enum err
name_of(struct effect *f, enum schema_member m, int64_t *out_bound)
{
	struct registry_device current;
	int64_t bound = seconds_of(f->entry, m);

	if (bound == TIME_NONE) {
		TRY(registry_device_find(f->registry, &f->whose.holder,
		    f->whose.programme, &current));
		if (current.issued_at > f->now)
			return err_because(ERR_NOT_FOUND, "a later device");
		bound = handle_time(&current.serial);
	}
	*out_bound = bound;
	return ERR_OK;
}

static int64_t
changed_at(const struct effect *f)
{
	int64_t at = seconds_of(f->entry, SCHEMA_CHANGED);

	return at != TIME_NONE ? at : f->now;
}

static enum err
make_room(struct effect *f)
{
	struct registry_device old;
	int64_t bound;
	enum err e = name_of(f, SCHEMA_OLD, &bound);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	f->counts[RESTORE_DEVICES]++;
	return restore_changed(&f->whose, bound, NULL, DEVICE_REPLACED,
	    changed_at(f), &old);
}

static enum err
refresh(struct effect *f, struct registry_device *out_device)
{
	int64_t bound;

	TRY(name_of(f, SCHEMA_BOUND, &bound));
	return restore_refreshed(&f->whose, bound, &f->device, f->now,
	    out_device);
}

static enum err
reserve(struct effect *f, struct registry_device *out_device)
{
	int64_t bound = seconds_of(f->entry, SCHEMA_BOUND);

	*out_device = (struct registry_device){
		.device = f->device,
		.issued_at = f->now,
		.administrative_expiry = f->expiry,
	};
	f->counts[RESTORE_DEVICES]++;
	if (f->purpose == PURPOSE_REFRESH)
		return refresh(f, out_device);
	if (f->purpose == PURPOSE_REISSUE)
		TRY(make_room(f));
	return restore_bound(&f->whose, bound != TIME_NONE ? bound : f->now,
	    out_device);
}

static enum err
take_places(struct effect *f, const struct registry_device *d,
    struct status_use *out_first)
{
	struct view rest = f->entry->member[SCHEMA_ST];
	int64_t until = seconds_of(f->entry, SCHEMA_UNTIL);
	struct schema_use told;

	if (until == TIME_NONE)
		until = f->expiry != TIME_NONE ? f->expiry : f->now;

	while (rest.at != NULL && schema_next_use(&rest, &told)) {
		struct status_use use = { .list = (int64_t)told.list,
		    .size = f->list_size, .first = (int64_t)told.first,
		    .count = (int64_t)told.count };

		f->counts[RESTORE_PLACES]++;
		TRY(registry_status_restore(f->registry, &use, &d->serial,
		    until, f->now));
		*out_first = use;
	}
	return d->state == DEVICE_ACTIVE ? ERR_OK :
	    registry_status_set(f->registry, &d->serial,
	    restore_status(d->state));
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

	f->counts[RESTORE_RETRIES]++;
	return registry_idem_put(f->registry, &id, &idem);
}

/* ---- decisions */

static enum err
issue(struct effect *f)
{
	struct registry_device device;
	struct status_use use = { 0 };

	if (*f->newest < f->now)
		*f->newest = f->now;
	TRY(redeem(f));
	TRY(bind_keys(f));
	TRY(reserve(f, &device));
	TRY(take_places(f, &device, &use));
	return close_retry(f, &use);
}

static enum err
change_status(struct effect *f)
{
	const struct status_use none = { 0 };
	struct registry_device device;
	enum action action;
	int64_t bound;

	TRY(action_of(f->entry->member[SCHEMA_ACTION], &action));
	TRY(name_of(f, SCHEMA_BOUND, &bound));
	f->counts[RESTORE_DEVICES]++;
	TRY(restore_changed(&f->whose, bound, &f->device,
	    action_state(action), changed_at(f), &device));
	return close_retry(f, &none);
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

/* ---- what is remembered by name: force.c, start.c, prune.c, closed.c … */

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
	if (e->event == SCHEMA_EVENT_LOGKEY_ROTATE)
		return logkeys_restore(r, e);
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
	f = effect_of(r, index, &e);
	f.list_size = list_size;
	f.counts = so_far->counts;
	f.newest = &so_far->newest;
	done = decide(&f);
	if (done != ERR_EXISTS && done != ERR_NOT_FOUND)
		return done;
	return err_because(ERR_CORRUPT, "entry %" PRIu64 " allowed what the "
	    "registry does not: they do not belong together", index);
}
