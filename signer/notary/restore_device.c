/*
 * Putting what logs say of a device in its place. They were verified against
 * their signed roots; the registry's constraints are the second opinion.
 *
 * No order is needed: the device is named, the end of a device comes once and
 * counts for ever, between active and suspended the later change counts, and
 * of two devices the one bound later has ended the other. That one is revoked
 * without a time until some log says how it ended. Previous: restore.c.
 */
#include "signer/notary/restore_device.h"

#include <string.h>

#include "base/crypto.h"
#include "base/time.h"
#include "signer/notary/registry_fleet.h"

enum status
restore_status(enum device_state s)
{
	return s == DEVICE_ACTIVE ? STATUS_VALID :
	    s == DEVICE_SUSPENDED ? STATUS_SUSPENDED : STATUS_INVALID;
}

static bool
is_over(const struct registry_device *d)
{
	return restore_status(d->state) == STATUS_INVALID;
}

/* The first one was keyed by a seed: this is as good, and all nodes' own. */
static struct handle
serial_of(const struct restore_holder *h, int64_t bound)
{
	struct handle serial = handle_at(bound);
	struct hash hash = sha256_2(VIEW_OF(h->holder.at), h->programme);

	memcpy(serial.at + 4, hash.at, sizeof(serial.at) - 4);
	return serial;
}

/* ---- finding */

struct place {
	struct registry_device	 device;
	enum device_state	 was;
	bool			 is_new;
};

static struct place
new_place(const struct restore_holder *h, int64_t bound)
{
	return (struct place){ .is_new = true, .was = DEVICE_ACTIVE,
	    .device = {
		.serial = serial_of(h, bound),
		.state = DEVICE_ACTIVE,
		.issued_at = bound,
		.administrative_expiry = TIME_NONE,
		.refreshed_at = TIME_NONE,
		.changed_at = TIME_NONE,
	} };
}

/* In a shared registry another log may tell of its beginning later. */
static enum err
find(const struct restore_holder *h, int64_t bound,
    const struct handle *device, struct place *out)
{
	struct place p = { 0 };
	enum err e = registry_device_bound(h->registry, &h->holder,
	    h->programme, bound, &p.device);

	if (e == ERR_NOT_FOUND && registry_is_shared(h->registry))
		p = new_place(h, bound);
	else
		TRY(e);
	p.was = p.device.state;
	if (p.is_new && device != NULL)
		p.device.device = *device;
	*out = p;
	return ERR_OK;
}

/* ---- keeping */

static enum err
amend(const struct restore_holder *h, const struct registry_device *d,
    enum device_state was)
{
	TRY(registry_device_amend(h->registry, &h->holder, h->programme, was,
	    d));
	return restore_status(d->state) == restore_status(was) ? ERR_OK :
	    registry_status_set(h->registry, &d->serial,
	    restore_status(d->state));
}

static void
end_somehow(struct registry_device *d)
{
	d->state = DEVICE_REVOKED;
	d->changed_at = TIME_NONE;
}

/* Is there one that was bound later, and is over already? */
static enum err
find_later(const struct restore_holder *h, struct registry_device *d)
{
	struct registry_device past;
	enum err e = registry_device_last(h->registry, &h->holder,
	    h->programme, &past);

	if (e == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(e);
	if (handle_time(&past.serial) > handle_time(&d->serial))
		end_somehow(d);
	return ERR_OK;
}

/* One device at a time: the other, or this one, is of the past. */
static enum err
make_way(const struct restore_holder *h, struct registry_device *d)
{
	struct registry_device other;
	enum device_state was;
	enum err e;

	if (is_over(d) || !registry_is_shared(h->registry))
		return ERR_OK;
	e = registry_device_find(h->registry, &h->holder, h->programme,
	    &other);
	if (e == ERR_NOT_FOUND)
		return find_later(h, d);
	TRY(e);
	if (handle_time(&other.serial) > handle_time(&d->serial))
		end_somehow(d);
	if (handle_time(&other.serial) >= handle_time(&d->serial))
		return ERR_OK;
	was = other.state;
	end_somehow(&other);
	return amend(h, &other, was);
}

static enum err
keep(const struct restore_holder *h, struct place *p,
    struct registry_device *out_device)
{
	TRY(make_way(h, &p->device));
	if (p->is_new)
		TRY(registry_device_put(h->registry, &h->holder, h->programme,
		    &p->device));
	else
		TRY(amend(h, &p->device, p->was));
	*out_device = p->device;
	return ERR_OK;
}

/* ---- what logs say */

/* Whether time had ended what made room. */
static void
judge_end(struct registry_device *d)
{
	if (d->state == DEVICE_REPLACED &&
	    d->administrative_expiry != TIME_NONE &&
	    d->administrative_expiry <= d->changed_at)
		d->state = DEVICE_EXPIRED;
}

enum err
restore_bound(const struct restore_holder *h, int64_t bound,
    struct registry_device *d)
{
	struct place p = new_place(h, bound);
	enum err e = registry_device_bound(h->registry, &h->holder,
	    h->programme, bound, &p.device);

	if (e != ERR_OK && e != ERR_NOT_FOUND)
		return e;
	if (e == ERR_OK && !registry_is_shared(h->registry))
		return err_because(ERR_EXISTS, "it was bound before");
	p.is_new = e == ERR_NOT_FOUND;
	p.was = p.device.state;
	p.device.device = d->device;
	p.device.issued_at = d->issued_at;
	p.device.administrative_expiry = d->administrative_expiry;
	judge_end(&p.device);
	return keep(h, &p, d);
}

enum err
restore_refreshed(const struct restore_holder *h, int64_t bound,
    const struct handle *device, int64_t at,
    struct registry_device *out_device)
{
	struct place p;

	TRY(find(h, bound, device, &p));
	if (p.device.refreshed_at == TIME_NONE || p.device.refreshed_at < at)
		p.device.refreshed_at = at;
	return keep(h, &p, out_device);
}

enum err
restore_changed(const struct restore_holder *h, int64_t bound,
    const struct handle *device, enum device_state to, int64_t at,
    struct registry_device *out_device)
{
	struct place p;

	TRY(find(h, bound, device, &p));
	if (restore_status(to) == STATUS_INVALID || (!is_over(&p.device) &&
	    (p.device.changed_at == TIME_NONE || p.device.changed_at < at))) {
		p.device.state = to;
		p.device.changed_at = at;
		judge_end(&p.device);
	}
	return keep(h, &p, out_device);
}
