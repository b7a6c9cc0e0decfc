/*
 * Changing the registry for a grant: the evidence is used up, the keys are
 * bound, the device is the holder's, or changes its state. The constraints of
 * the registry have the last word. Next: drafts.c.
 */
#include <string.h>

#include "signer/notary/issue.h"
#include "signer/notary/quotas.h"

static void
copy_name(char out[REGISTRY_NAME + 1], struct view name)
{
	size_t n = name.len < REGISTRY_NAME ? name.len : REGISTRY_NAME;

	memcpy(out, name.at, n);
	out[n] = '\0';
}

static enum err
reserve_token(struct notary *n, const struct asked *asked,
    const struct issue *issue, const struct findings *f,
    const struct grant *grant)
{
	const struct grant_terms *terms = grant_terms(grant);
	struct registry_qr qr = {
		.cti = drafts_name(n, issue, grant, "cti"),
		.holder = f->holder,
		.purpose = asked->purpose,
		.issued_at = terms->issued_at,
		.expires_at = terms->technical_expiry,
	};

	copy_name(qr.programme, asked->programme);
	copy_name(qr.centre, asked->evidence.centre);
	return registry_qr_mint(n->registry, &qr);
}

static enum err
use_evidence(struct notary *n, const struct findings *f)
{
	if (f->has_token)
		TRY(registry_qr_redeem(n->registry, &f->cti, n->now));
	for (size_t i = 0; i < f->nonce_count; i++)
		TRY(registry_nonce_use(n->registry, &f->nonces[i]));
	for (size_t i = 0; i < f->key_count; i++)
		TRY(registry_key_bind(n->registry, &f->keys[i], &f->holder));
	return ERR_OK;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * Later than every change of this device before, whichever node's clock it
 * had: what came after what can be told from the logs alone.
 */
static enum err
change_device(struct notary *n, const struct asked *asked,
    const struct findings *f, enum device_state to, enum status value,
    struct issue *issue)
{
	const struct registry_device *old = &f->active;

	issue->changed = later(n->now, old->issued_at);
	if (old->changed_at != TIME_NONE)
		issue->changed = later(issue->changed, old->changed_at + 1);
	TRY(registry_device_change(n->registry, &f->holder, asked->programme,
	    old, to, issue->changed));
	return registry_status_set(n->registry, &old->serial, value);
}

/* The old device makes room, in the state that it was found in. */
static enum err
replace_device(struct notary *n, const struct asked *asked,
    const struct findings *f, struct issue *issue)
{
	const struct registry_device *old = &f->active;
	bool expired = old->administrative_expiry != TIME_NONE &&
	    old->administrative_expiry <= n->now;

	issue->old = handle_time(&old->serial);
	return change_device(n, asked, f, expired ? DEVICE_EXPIRED :
	    DEVICE_REPLACED, STATUS_INVALID, issue);
}

/* A second that no device of this holder was bound in. */
static struct handle
new_serial(const struct notary *n, const struct issue *issue,
    const struct findings *f, const struct grant *grant)
{
	struct handle serial = drafts_name(n, issue, grant, "serial");
	int64_t newest = handle_time(&f->newest);
	struct handle after = handle_at(newest + 1);

	if (handle_time(&serial) <= newest)
		memcpy(serial.at, after.at, 4);
	return serial;
}

/* A place for every credential that drafts.c will make. */
static enum err
take_places(struct notary *n, const struct asked *asked,
    const struct handle *serial, const struct grant *grant,
    struct issue *issue)
{
	size_t count = asked->format_count * asked->proof_count;

	return registry_status_take(n->registry,
	    n->config->status_lists.entries, (int64_t)count, serial,
	    grant_terms(grant)->technical_expiry, n->now, &issue->status);
}

static enum err
reserve_device(struct notary *n, const struct asked *asked,
    struct issue *issue, const struct findings *f,
    const struct grant *grant)
{
	const struct grant_terms *terms = grant_terms(grant);
	struct registry_device fresh = {
		.device = f->device,
		.serial = new_serial(n, issue, f, grant),
		.issued_at = terms->issued_at,
		.administrative_expiry = terms->administrative_expiry,
	};

	issue->bound = handle_time(asked->purpose == PURPOSE_REFRESH ?
	    &f->active.serial : &fresh.serial);
	if (asked->purpose == PURPOSE_REFRESH) {
		TRY(registry_device_refresh(n->registry, &f->holder,
		    asked->programme, &f->device, n->now));
		return take_places(n, asked, &f->active.serial, grant, issue);
	}
	if (asked->purpose == PURPOSE_REISSUE && f->has_active)
		TRY(replace_device(n, asked, f, issue));
	TRY(registry_device_reserve(n->registry, &f->holder,
	    asked->programme, &fresh));
	return take_places(n, asked, &fresh.serial, grant, issue);
}

/* What the policy allows and the diagram does not, does not happen. */
static enum err
change_status(struct notary *n, const struct asked *asked,
    const struct findings *f, struct issue *issue)
{
	static const enum status values[] = {
		[ACTION_SUSPEND] = STATUS_SUSPENDED,
		[ACTION_REINSTATE] = STATUS_VALID,
		[ACTION_REVOKE] = STATUS_INVALID,
	};

	if (!f->has_active || f->facts.other_device ||
	    !action_fits(asked->action, facts_device_state(&f->facts)))
		return err_because(ERR_EXISTS, "the holder has no device in "
		    "a state that this action is for");
	issue->bound = handle_time(&f->active.serial);
	return change_device(n, asked, f, action_state(asked->action),
	    values[asked->action], issue);
}

enum err
reserve(struct notary *n, const struct request *r, struct issue *issue,
    const struct findings *f, const struct grant *grant)
{
	const struct asked *asked = request_asked(r);

	issue->bound = issue->old = issue->changed = 0;
	if (grant == NULL)
		return ERR_OK;
	TRY(quotas_take(n, f));
	if (asked->operation == OPERATION_QR_TOKEN)
		return reserve_token(n, asked, issue, f, grant);
	if (asked->operation == OPERATION_STATUS_CHANGE)
		return change_status(n, asked, f, issue);
	TRY(use_evidence(n, f));
	return reserve_device(n, asked, issue, f, grant);
}
