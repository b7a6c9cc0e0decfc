/*
 * A frame to a struct request, strictly, in the order of request.txt. The
 * frame comes from the gate, which may have been taken over: nothing in it
 * is believed, and each request has exactly one frame that is accepted.
 * Next: decide.c.
 */
#include "policy/request.h"

#include "policy/request_frame.h"

struct request {
	struct bytes	frame;
	struct asked	asked;
};

/* Remembers the first member that broke a rule; later ones read zeros. */
struct decode {
	struct reader	 r;
	enum err	 e;
	const char	*member;
	const char	*rule;
};

static void
demand(struct decode *d, bool holds, enum err e, const char *member,
    const char *rule)
{
	if (d->e != ERR_OK || (holds && !d->r.failed))
		return;
	d->e = d->r.failed ? ERR_SYNTAX : e;
	d->member = member;
	d->rule = rule;
	d->r.failed = true;
}

static struct view
text(struct decode *d, const char *member, size_t min, size_t max)
{
	struct view v = reader_block(&d->r, max);

	demand(d, v.len >= min && utf8_valid(v), ERR_RANGE, member,
	    "UTF-8 text within its limits");
	return v;
}

static struct view
blob(struct decode *d, const char *member)
{
	struct view v = reader_block(&d->r, ASKED_BLOB);

	demand(d, true, ERR_RANGE, member, "at most 8192 bytes");
	return v;
}

/* A number of at most max; 0 on failure. */
static unsigned int
number(struct decode *d, const char *member, unsigned int max)
{
	unsigned int v = reader_u8(&d->r);

	demand(d, v <= max, ERR_RANGE, member, "one of the known values");
	return d->r.failed ? 0 : v;
}

static bool
flag(struct decode *d, const char *member)
{
	return number(d, member, 1) == 1;
}

static struct date
date(struct decode *d, const char *member)
{
	struct date v = { 0 };

	v.year = reader_u16(&d->r);
	v.month = reader_u8(&d->r);
	v.day = reader_u8(&d->r);
	demand(d, date_valid(v), ERR_RANGE, member, "a real day");
	return v;
}

/* A purpose or an action, by the operation. */
static void
get_aim(struct decode *d, struct asked *a)
{
	if (a->operation == OPERATION_STATUS_CHANGE)
		a->action = number(d, "action", ACTION_REVOKE);
	else
		a->purpose = number(d, "purpose", PURPOSE_REFRESH);
	demand(d, a->purpose != 0 || a->action != 0, ERR_RANGE,
	    "purpose or action", "a known one");
}

static void
get_head(struct decode *d, struct asked *a)
{
	unsigned int flags;

	demand(d, reader_u8(&d->r) == FRAME_VERSION, ERR_SYNTAX, "version",
	    "2");
	flags = number(d, "flags", FRAME_DRY_RUN | FRAME_PICTURES);
	a->dry_run = (flags & FRAME_DRY_RUN) != 0;
	a->pictures = (flags & FRAME_PICTURES) != 0;
	a->operation = number(d, "operation", OPERATION_STATUS_CHANGE);
	demand(d, a->operation != 0, ERR_RANGE, "operation", "a known one");
	a->caller = text(d, "caller", 1, ASKED_TEXT);
	a->idempotency_key = text(d, "idempotency_key", 0, ASKED_TEXT);
	a->programme = text(d, "programme", 1, ASKED_TEXT);
	get_aim(d, a);
	a->reason = text(d, "reason", 0, ASKED_TEXT);
}

static void
get_holder(struct decode *d, struct asked *a)
{
	a->holder.number = text(d, "holder.number", 0, ASKED_TEXT);
	a->holder.birth_date = date(d, "holder.birth_date");
	a->holder.residence = text(d, "holder.residence", 0, ASKED_TEXT);
	a->holder.has_card = flag(d, "holder.card");
	if (!a->holder.has_card)
		return;
	a->holder.card_status = text(d, "holder.card.status", 0, ASKED_TEXT);
	a->holder.has_card_date = flag(d, "holder.card.issued_on");
	if (a->holder.has_card_date)
		a->holder.card_issued_on = date(d, "holder.card.issued_on");
	a->holder.ic_chip = flag(d, "holder.card.ic_chip");
}

static void
get_evidence(struct decode *d, struct asked *a)
{
	a->evidence.kind = number(d, "evidence.kind", EVIDENCE_IC_CARD);
	a->evidence.qr_token = text(d, "evidence.qr_token", 0,
	    ASKED_QR_TOKEN);
	a->evidence.centre = text(d, "evidence.centre", 0, ASKED_TEXT);
	a->evidence.certificate = blob(d, "evidence.certificate");
	a->evidence.challenge = blob(d, "evidence.challenge");
	a->evidence.signature = blob(d, "evidence.signature");
}

static void
get_proof(struct decode *d, struct device_proof *p)
{
	struct view point = reader_take(&d->r, P256_POINT_SIZE);

	demand(d, point.len != 0 && point.at[0] == 4, ERR_RANGE,
	    "device.proofs", "an uncompressed point (SEC 1 2.3.3)");
	if (d->r.failed)
		return;
	for (size_t i = 0; i < point.len; i++)
		p->point[i] = point.at[i];
	p->nonce = text(d, "device.proofs", 0, ASKED_TEXT);
	p->audience = text(d, "device.proofs", 0, ASKED_TEXT);
	p->issued_at = (int64_t)reader_u64(&d->r);
	p->not_before = (int64_t)reader_u64(&d->r);
	p->expires_at = (int64_t)reader_u64(&d->r);
	demand(d, true, ERR_SYNTAX, "device.proofs", "times of 64 bits");
}

static void
get_attestation(struct decode *d, struct asked_attestation *t)
{
	t->how = number(d, "device.attestation", ATTESTED_ALONE);
	if (t->how == ATTESTED_NOT)
		return;
	t->key_storage = number(d, "device.attestation", RESISTANCE_HIGH);
	t->user_authentication = number(d, "device.attestation",
	    RESISTANCE_HIGH);
	t->nonce = text(d, "device.attestation", t->how == ATTESTED_ALONE,
	    ASKED_TEXT);
	t->issued_at = (int64_t)reader_u64(&d->r);
	t->not_before = (int64_t)reader_u64(&d->r);
	t->expires_at = (int64_t)reader_u64(&d->r);
	demand(d, true, ERR_SYNTAX, "device.attestation",
	    "times of 64 bits");
}

static void
get_device(struct decode *d, struct asked *a)
{
	a->has_device = flag(d, "device");
	if (!a->has_device)
		return;
	a->device_id = text(d, "device.id", 1, ASKED_TEXT);
	a->proof_count = number(d, "device.proofs", ASKED_PROOFS);
	for (size_t i = 0; i < a->proof_count; i++)
		get_proof(d, &a->proofs[i]);
	get_attestation(d, &a->attestation);
}

static void
get_formats(struct decode *d, struct asked *a)
{
	a->format_count = number(d, "formats", ASKED_FORMATS);
	for (size_t i = 0; i < a->format_count; i++) {
		a->formats[i] = text(d, "formats", 1, ASKED_TEXT);
		for (size_t j = 0; j < i; j++)
			demand(d, !view_equal(a->formats[i], a->formats[j]),
			    ERR_RANGE, "formats", "each only once");
	}
}

static void
get_claims(struct decode *d, struct asked *a)
{
	value_get(&d->r, &a->claims);
	demand(d, a->claims.kind == VALUE_MAP || a->claims.kind == VALUE_NONE,
	    ERR_RANGE, "claims", "a map of texts, integers, booleans, lists "
	    "and maps, names unique, within the limits of value.h");
}

static enum err
decode_asked(struct view frame, struct asked *a)
{
	struct decode d = { .r = reader_of(frame) };

	get_head(&d, a);
	get_holder(&d, a);
	get_evidence(&d, a);
	get_device(&d, a);
	get_formats(&d, a);
	get_claims(&d, a);
	if (d.e != ERR_OK)
		return err_because(d.e, "request, member %s: expected %s",
		    d.member, d.rule);
	return reader_end(&d.r, "request");
}

enum err
request_decode(struct view frame, struct request **out_request)
{
	AUTO(request) r = mem_new(1, sizeof(*r));

	if (r == NULL)
		return err_because(ERR_MEMORY, "no memory for a request");
	if (frame.len > FRAME_SIZE)
		return err_because(ERR_TOO_LARGE,
		    "a request has at most %zu bytes, got %zu", FRAME_SIZE,
		    frame.len);
	bytes_put(&r->frame, frame);
	TRY(bytes_check(&r->frame));
	TRY(decode_asked(bytes_view(&r->frame), &r->asked));
	*out_request = STEAL(r);
	return ERR_OK;
}

void
request_free(struct request *r)
{
	if (r == NULL)
		return;
	value_done(&r->asked.claims);
	bytes_done(&r->frame);
	mem_free(r);
}

const struct asked *
request_asked(const struct request *r)
{
	return &r->asked;
}

struct view
request_frame(const struct request *r)
{
	return VIEW(r->frame.at + FRAME_HEAD, r->frame.len - FRAME_HEAD);
}
