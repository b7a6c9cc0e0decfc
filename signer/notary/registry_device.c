/*
 * The registry's verbs of devices, evidence and nonces: each binds one
 * statement of registry_sql.h and lets its constraint decide. Next:
 * registry_status.c; facts.c, which asks; reserve.c, which changes.
 */
#include <string.h>

#include "signer/notary/registry_sql.h"

/* ---- devices */

static struct registry_device
get_device(struct query *q)
{
	struct registry_device d;

	get_handle(q, &d.device);
	get_handle(q, &d.serial);
	d.state = (enum device_state)query_get_int(q);
	d.issued_at = query_get_int(q);
	d.administrative_expiry = get_time(q);
	d.refreshed_at = get_time(q);
	d.changed_at = get_time(q);
	return d;
}

static enum err
read_device(struct query *q, struct registry_device *out_device)
{
	struct registry_device found;

	TRY(query_row(q));
	found = get_device(q);
	TRY(query_end(q));
	*out_device = found;
	return ERR_OK;
}

enum err
registry_device_find(struct registry *r, const struct handle *holder,
    struct view programme, struct registry_device *out_device)
{
	struct query q = registry_query(r, DEVICE_FIND);

	put_handle(&q, holder);
	query_put_text(&q, programme);
	return read_device(&q, out_device);
}

/* They are few, mostly none: to have them sorted would cost more. */
enum err
registry_device_last(struct registry *r, const struct handle *holder,
    struct view programme, struct registry_device *out_device)
{
	struct query q = registry_query(r, DEVICES_PAST);
	struct registry_device d, last;
	enum err e;

	put_handle(&q, holder);
	query_put_text(&q, programme);
	TRY(query_row(&q));
	last = get_device(&q);
	while ((e = query_next(&q)) == ERR_OK) {
		d = get_device(&q);
		if (view_compare(VIEW_OF(d.serial.at),
		    VIEW_OF(last.serial.at)) > 0)
			last = d;
	}
	if (e != ERR_NOT_FOUND)
		return e;
	TRY(registry_failed(r));
	*out_device = last;
	return ERR_OK;
}

enum err
registry_devices_of(struct registry *r, const struct handle *holder,
    struct view programme, size_t max, struct registry_device *out,
    size_t *out_count)
{
	struct query q = registry_query(r, DEVICES_OF);
	size_t count = 0;
	enum err e;

	put_handle(&q, holder);
	query_put_text(&q, programme);
	query_put_int(&q, (int64_t)max);
	for (e = query_row(&q); e == ERR_OK && count < max;
	    e = query_next(&q))
		out[count++] = get_device(&q);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	*out_count = count;
	return ERR_OK;
}

enum err
registry_device_reserve(struct registry *r, const struct handle *holder,
    struct view programme, const struct registry_device *fresh)
{
	struct query q = registry_query(r, DEVICE_RESERVE);

	put_handle(&q, holder);
	query_put_text(&q, programme);
	put_handle(&q, &fresh->device);
	put_handle(&q, &fresh->serial);
	query_put_int(&q, fresh->issued_at);
	put_time(&q, fresh->administrative_expiry);
	return query_change(&q);
}

enum err
registry_device_change(struct registry *r, const struct handle *holder,
    struct view programme, const struct registry_device *old,
    enum device_state to, int64_t now)
{
	struct query q = registry_query(r, DEVICE_CHANGE);

	put_handle(&q, holder);
	query_put_text(&q, programme);
	put_handle(&q, &old->device);
	query_put_int(&q, old->state);
	query_put_int(&q, to);
	query_put_int(&q, now);
	return query_change(&q);
}

enum err
registry_device_refresh(struct registry *r, const struct handle *holder,
    struct view programme, const struct handle *device, int64_t now)
{
	struct query q = registry_query(r, DEVICE_REFRESH);

	put_handle(&q, holder);
	query_put_text(&q, programme);
	put_handle(&q, device);
	query_put_int(&q, now);
	return query_change(&q);
}

/* ---- devices that a lost registry had */

enum err
registry_device_bound(struct registry *r, const struct handle *holder,
    struct view programme, int64_t bound, struct registry_device *out_device)
{
	struct query q = registry_query(r, DEVICE_PAST);
	struct handle serial = handle_at(bound);
	struct registry_device found;
	enum err e = registry_device_find(r, holder, programme, &found);

	if (e == ERR_OK && handle_time(&found.serial) == bound) {
		*out_device = found;
		return ERR_OK;
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	put_handle(&q, holder);
	query_put_text(&q, programme);
	query_put_blob(&q, VIEW(serial.at, 4));
	return read_device(&q, out_device);
}

static enum err
put(struct registry *r, enum registry_statement statement,
    const struct handle *holder, struct view programme,
    const struct registry_device *d)
{
	struct query q = registry_query(r, statement);

	put_handle(&q, holder);
	query_put_text(&q, programme);
	put_handle(&q, &d->serial);
	put_handle(&q, &d->device);
	query_put_int(&q, d->state);
	query_put_int(&q, d->issued_at);
	put_time(&q, d->administrative_expiry);
	put_time(&q, d->refreshed_at);
	put_time(&q, d->changed_at);
	return query_change(&q);
}

enum err
registry_device_put(struct registry *r, const struct handle *holder,
    struct view programme, const struct registry_device *fresh)
{
	return put(r, DEVICE_PUT, holder, programme, fresh);
}

enum err
registry_device_amend(struct registry *r, const struct handle *holder,
    struct view programme, enum device_state was,
    const struct registry_device *d)
{
	bool past = was != DEVICE_ACTIVE && was != DEVICE_SUSPENDED;

	return put(r, past ? DEVICE_AMEND_PAST : DEVICE_AMEND, holder,
	    programme, d);
}

/* ---- keys */

enum err
registry_key_find(struct registry *r, const struct handle *key,
    struct handle *out_holder)
{
	struct query q = registry_query(r, KEY_FIND);
	struct handle found;

	put_handle(&q, key);
	TRY(query_row(&q));
	get_handle(&q, &found);
	TRY(query_end(&q));
	*out_holder = found;
	return ERR_OK;
}

enum err
registry_key_bind(struct registry *r, const struct handle *key,
    const struct handle *holder)
{
	struct query q = registry_query(r, KEY_BIND);

	put_handle(&q, key);
	put_handle(&q, holder);
	return query_change(&q);
}

/* ---- quotas */

enum err
registry_quota_used(struct registry *r, const struct handle *id,
    int64_t *out_used)
{
	struct query q = registry_query(r, QUOTA_FIND);
	int64_t used = 0;
	enum err e;

	put_handle(&q, id);
	e = query_row(&q);
	if (e == ERR_OK) {
		used = query_get_int(&q);
		e = query_end(&q);
	}
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	*out_used = used;
	return ERR_OK;
}

enum err
registry_quota_take(struct registry *r, const struct handle *id,
    int64_t at_most)
{
	struct query q = registry_query(r, QUOTA_TAKE);

	put_handle(&q, id);
	query_put_int(&q, at_most);
	return query_change(&q);
}

/* ---- evidence and nonces */

static void
get_name(struct query *q, char out[REGISTRY_NAME + 1])
{
	struct view v = query_get_blob(q);
	size_t n = v.len < REGISTRY_NAME ? v.len : REGISTRY_NAME;

	if (n != 0)
		memcpy(out, v.at, n);
	out[n] = '\0';
}

static void
put_qr(struct query *q, const struct registry_qr *qr)
{
	put_handle(q, &qr->cti);
	put_handle(q, &qr->holder);
	query_put_text(q, view_text(qr->programme));
	query_put_int(q, qr->purpose);
	query_put_text(q, view_text(qr->centre));
	query_put_int(q, qr->issued_at);
	query_put_int(q, qr->expires_at);
}

enum err
registry_qr_mint(struct registry *r, const struct registry_qr *qr)
{
	struct query q = registry_query(r, QR_MINT);

	put_qr(&q, qr);
	return query_change(&q);
}

enum err
registry_qr_restore(struct registry *r, const struct registry_qr *qr)
{
	struct query q = registry_query(r, qr->redeemed_at == TIME_NONE ?
	    QR_RESTORE : QR_RESTORE_USED);

	put_qr(&q, qr);
	if (qr->redeemed_at != TIME_NONE)
		query_put_int(&q, qr->redeemed_at);
	return query_run(&q);
}

enum err
registry_qr_find(struct registry *r, const struct handle *cti,
    struct registry_qr *out_qr)
{
	struct query q = registry_query(r, QR_FIND);
	struct registry_qr found = { .cti = *cti };

	put_handle(&q, cti);
	TRY(query_row(&q));
	get_handle(&q, &found.holder);
	get_name(&q, found.programme);
	found.purpose = (enum purpose)query_get_int(&q);
	get_name(&q, found.centre);
	found.issued_at = query_get_int(&q);
	found.expires_at = query_get_int(&q);
	found.redeemed_at = get_time(&q);
	TRY(query_end(&q));
	*out_qr = found;
	return ERR_OK;
}

enum err
registry_qr_redeem(struct registry *r, const struct handle *cti, int64_t now)
{
	struct query q = registry_query(r, QR_REDEEM);

	put_handle(&q, cti);
	query_put_int(&q, now);
	return query_change(&q);
}

enum err
registry_nonce_used(struct registry *r, const struct registry_nonce *nonce,
    bool *out_used)
{
	struct query q = registry_query(r, NONCE_FIND);
	enum err e;

	put_handle(&q, &nonce->random);
	query_put_int(&q, nonce->expires_at);
	e = query_row(&q);
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_OK)
		TRY(query_end(&q));
	*out_used = e == ERR_OK;
	return ERR_OK;
}

enum err
registry_nonce_use(struct registry *r, const struct registry_nonce *nonce)
{
	struct query q = registry_query(r, NONCE_USE);

	put_handle(&q, &nonce->random);
	query_put_int(&q, nonce->expires_at);
	return query_change(&q);
}
