/*
 * A credential's draft, by its format. What is checked here is what the
 * daemon itself must have right; what the request says is checked in
 * statement.c, next.
 */
#include "credential/statement.h"

static enum err
check_order(const struct credential_order *o)
{
	const struct grant_terms *t = grant_terms(o->grant);
	const struct asked *asked = request_asked(o->request);

	if (o->key >= asked->proof_count ||
	    o->seed.len != CREDENTIAL_SEED_SIZE)
		return err_because(ERR_INTERNAL, "credential: no key %zu of "
		    "%zu, or a seed of %zu bytes", o->key,
		    asked->proof_count, o->seed.len);
	return issuer_covers(o->issuer, t->valid_from, t->technical_expiry);
}

enum err
credential_draft(enum credential_format format,
    const struct credential_order *o, struct draft **out_draft)
{
	TRY(check_order(o));
	switch (format) {
	case FORMAT_SD_JWT:
		return sdjwt_draft(o, out_draft);
	case FORMAT_MDOC:
		return mdoc_draft(o, out_draft);
	case FORMAT_VC_JWT:
		return vc_jwt_draft(o, out_draft);
	case FORMAT_OPENDID:
		return opendid_draft(o, out_draft);
	case FORMAT_CWT_QR:
		return cwt_qr_draft(o, out_draft);
	}
	return err_because(ERR_UNSUPPORTED, "a format that is not made here");
}

/* Never before the certificate begins: verifiers compare the two. */
static int64_t
coarse(int64_t t, int64_t rounding, const struct issuer *i)
{
	int64_t down = rounding > 0 ? t - t % rounding : t;

	return down < issuer_not_before(i) ? issuer_not_before(i) : down;
}

struct credential_times
credential_times(const struct grant *g, const struct issuer *i)
{
	const struct grant_terms *t = grant_terms(g);
	int64_t rounding = grant_programme(g)->rounding;
	struct credential_times times = {
		.issued = coarse(t->issued_at, rounding, i),
		.from = coarse(t->valid_from, rounding, i),
		.until = coarse(t->technical_expiry, rounding, i),
	};

	/* what is valid for less than a step keeps its end */
	if (times.until <= t->valid_from)
		times.until = t->technical_expiry;
	return times;
}
