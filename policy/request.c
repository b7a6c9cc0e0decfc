/*
 * The names of a request's enumerations, and its encoder: what the gate has
 * filled in becomes a frame. Trusts its caller for shapes; request_decode.c
 * does not.
 */
#include "policy/request.h"

#include "policy/request_frame.h"

static const char *const operations[] = {
	[OPERATION_QR_TOKEN] = "qr-token",
	[OPERATION_CREDENTIAL] = "credential",
	[OPERATION_STATUS_CHANGE] = "status-change",
};

static const char *const purposes[] = {
	[PURPOSE_FIRST_ISSUE] = "first-issue",
	[PURPOSE_REISSUE] = "reissue",
	[PURPOSE_REFRESH] = "refresh",
};

static const char *const actions[] = {
	[ACTION_SUSPEND] = "suspend",
	[ACTION_REINSTATE] = "reinstate",
	[ACTION_REVOKE] = "revoke",
};

static const char *const evidences[] = {
	[EVIDENCE_NONE] = "none",
	[EVIDENCE_QR_TOKEN] = "qr-token",
	[EVIDENCE_IC_CARD] = "ic-card",
};

/* ISO/IEC 18045 by way of OpenID4VCI 1.0 D.2 */
static const char *const resistances[] = {
	[RESISTANCE_BASIC] = "iso_18045_basic",
	[RESISTANCE_ENHANCED_BASIC] = "iso_18045_enhanced-basic",
	[RESISTANCE_MODERATE] = "iso_18045_moderate",
	[RESISTANCE_HIGH] = "iso_18045_high",
};

static const char *
name_at(const char *const *names, size_t count, size_t i)
{
	return i < count && names[i] != NULL ? names[i] : "none";
}

static enum err
index_of(const char *const *names, size_t count, struct view name,
    const char *what, size_t *out)
{
	for (size_t i = 0; i < count; i++) {
		if (names[i] != NULL && view_is(name, names[i])) {
			*out = i;
			return ERR_OK;
		}
	}
	return err_because(ERR_RANGE, "not a known %s", what);
}

const char *
operation_name(enum operation o)
{
	return name_at(operations, COUNT(operations), o);
}

const char *
purpose_name(enum purpose p)
{
	return name_at(purposes, COUNT(purposes), p);
}

const char *
action_name(enum action a)
{
	return name_at(actions, COUNT(actions), a);
}

const char *
evidence_name(enum evidence_kind k)
{
	return name_at(evidences, COUNT(evidences), k);
}

const char *
resistance_name(enum resistance r)
{
	return name_at(resistances, COUNT(resistances), r);
}

enum err
resistance_of(struct view name, enum resistance *out)
{
	size_t i;

	TRY(index_of(resistances, COUNT(resistances), name,
	    "resistance to attack", &i));
	*out = (enum resistance)i;
	return ERR_OK;
}

enum err
operation_of(struct view name, enum operation *out)
{
	size_t i;

	TRY(index_of(operations, COUNT(operations), name, "operation", &i));
	*out = (enum operation)i;
	return ERR_OK;
}

enum err
purpose_of(struct view name, enum purpose *out)
{
	size_t i;

	TRY(index_of(purposes, COUNT(purposes), name, "purpose", &i));
	*out = (enum purpose)i;
	return ERR_OK;
}

enum err
action_of(struct view name, enum action *out)
{
	size_t i;

	TRY(index_of(actions, COUNT(actions), name, "action", &i));
	*out = (enum action)i;
	return ERR_OK;
}

enum err
evidence_of(struct view name, enum evidence_kind *out)
{
	size_t i;

	TRY(index_of(evidences, COUNT(evidences), name, "kind of evidence",
	    &i));
	*out = (enum evidence_kind)i;
	return ERR_OK;
}

static void
put_date(struct bytes *b, struct date d)
{
	bytes_put_u16(b, (uint16_t)d.year);
	bytes_put_u8(b, (uint8_t)d.month);
	bytes_put_u8(b, (uint8_t)d.day);
}

static void
put_holder(struct bytes *b, const struct asked *a)
{
	bytes_put_block(b, a->holder.number);
	put_date(b, a->holder.birth_date);
	bytes_put_block(b, a->holder.residence);
	bytes_put_u8(b, a->holder.has_card);
	if (!a->holder.has_card)
		return;
	bytes_put_block(b, a->holder.card_status);
	bytes_put_u8(b, a->holder.has_card_date);
	if (a->holder.has_card_date)
		put_date(b, a->holder.card_issued_on);
	bytes_put_u8(b, a->holder.ic_chip);
}

static void
put_evidence(struct bytes *b, const struct asked *a)
{
	bytes_put_u8(b, (uint8_t)a->evidence.kind);
	bytes_put_block(b, a->evidence.qr_token);
	bytes_put_block(b, a->evidence.centre);
	bytes_put_block(b, a->evidence.certificate);
	bytes_put_block(b, a->evidence.challenge);
	bytes_put_block(b, a->evidence.signature);
}

static void
put_attestation(struct bytes *b, const struct asked_attestation *t)
{
	bytes_put_u8(b, (uint8_t)t->how);
	if (t->how == ATTESTED_NOT)
		return;
	bytes_put_u8(b, (uint8_t)t->key_storage);
	bytes_put_u8(b, (uint8_t)t->user_authentication);
	bytes_put_block(b, t->nonce);
	bytes_put_u64(b, (uint64_t)t->issued_at);
	bytes_put_u64(b, (uint64_t)t->not_before);
	bytes_put_u64(b, (uint64_t)t->expires_at);
}

static void
put_device(struct bytes *b, const struct asked *a)
{
	bytes_put_u8(b, a->has_device);
	if (!a->has_device)
		return;
	bytes_put_block(b, a->device_id);
	bytes_put_u8(b, (uint8_t)a->proof_count);
	for (size_t i = 0; i < a->proof_count; i++) {
		const struct device_proof *p = &a->proofs[i];

		bytes_put(b, VIEW_OF(p->point));
		bytes_put_block(b, p->nonce);
		bytes_put_block(b, p->audience);
		bytes_put_u64(b, (uint64_t)p->issued_at);
		bytes_put_u64(b, (uint64_t)p->not_before);
		bytes_put_u64(b, (uint64_t)p->expires_at);
	}
	put_attestation(b, &a->attestation);
}

void
request_encode(const struct asked *asked, struct bytes *out)
{
	if (asked->proof_count > ASKED_PROOFS ||
	    asked->format_count > ASKED_FORMATS) {
		out->failed = true;
		return;
	}
	bytes_put_u8(out, FRAME_VERSION);
	bytes_put_u8(out, (asked->dry_run ? FRAME_DRY_RUN : 0) |
	    (asked->pictures ? FRAME_PICTURES : 0));
	bytes_put_u8(out, (uint8_t)asked->operation);
	bytes_put_block(out, asked->caller);
	bytes_put_block(out, asked->idempotency_key);
	bytes_put_block(out, asked->programme);
	bytes_put_u8(out, asked->operation == OPERATION_STATUS_CHANGE ?
	    (uint8_t)asked->action : (uint8_t)asked->purpose);
	bytes_put_block(out, asked->reason);
	put_holder(out, asked);
	put_evidence(out, asked);
	put_device(out, asked);
	bytes_put_u8(out, (uint8_t)asked->format_count);
	for (size_t i = 0; i < asked->format_count; i++)
		bytes_put_block(out, asked->formats[i]);
	value_put(out, &asked->claims);
}
