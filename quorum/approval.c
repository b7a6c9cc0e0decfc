/*
 * Reading officers' signatures. File and message come from anywhere: nothing
 * of the message is looked at but its first line until all of this has
 * passed. Next: whoever reads the message, policy/bundle.c.
 */
#include "quorum/approval.h"

#include <string.h>

static enum err
check_domain(const char *domain, struct view message)
{
	size_t len = strlen(domain);

	if (!view_starts(message, domain) || message.len <= len ||
	    message.at[len] != '\n')
		return err_because(ERR_MISMATCH,
		    "what was signed does not begin with the line \"%s\"",
		    domain);
	return ERR_OK;
}

/* DER with s <= n/2: the other half of the signatures is not ours. */
static enum err
verify_p256(EVP_PKEY *key, struct view message, struct view der)
{
	uint8_t came[P256_SIGNATURE_SIZE], low[P256_SIGNATURE_SIZE];
	struct hash digest = sha256(message);

	TRY(p256_from_der(der, came));
	memcpy(low, came, sizeof(low));
	TRY(p256_low_s(low));
	if (!view_equal(VIEW_OF(low), VIEW_OF(came)))
		return err_because(ERR_SIGNATURE, "ECDSA signature: s is over "
		    "n/2, where every signature has a second form");
	return p256_verify(key, &digest, VIEW_OF(came));
}

enum err
officer_verify(const struct officer *o, struct view message,
    struct view signature)
{
	return o->algorithm == OFFICER_P256 ?
	    verify_p256(o->key, message, signature) :
	    ed25519_verify(o->key, message, signature);
}

static enum err
verify_one(const struct officer *o, struct view message, struct view base64)
{
	AUTO_DONE(bytes) signature = { 0 };

	TRY(base64_get(base64, &signature));
	return officer_verify(o, message, bytes_view(&signature));
}

static enum err
get_one(const struct roster *roster, struct view line, struct view message,
    struct approvals *a)
{
	struct reader r = reader_of(line);
	unsigned int seat, last;
	const struct officer *o;
	struct view algorithm;

	reader_text(&r, "seat ");
	seat = (unsigned int)reader_decimal(&r, ROSTER_SEATS);
	reader_text(&r, " ");
	algorithm = reader_until(&r, ' ');
	if (r.failed)
		return err_because(ERR_SYNTAX,
		    "wanted \"seat\", its number, an algorithm, a signature");
	if (seat < 1 || seat > roster->count)
		return err_because(ERR_NOT_FOUND,
		    "seat %u is not in the roster", seat);
	last = a->count != 0 ? a->seats[a->count - 1] : 0;
	if (seat <= last)
		return err_because(ERR_SYNTAX, "seat %u after seat %u: wanted "
		    "each once, in order", seat, last);
	o = &roster->officers[seat - 1];
	if (!view_is(algorithm, officer_algorithm_name(o->algorithm)))
		return err_because(ERR_MISMATCH, "seat %u signs with %s, says "
		    "the roster", seat, officer_algorithm_name(o->algorithm));
	TRY(verify_one(o, message, r.rest));
	a->seats[a->count++] = seat;
	return ERR_OK;
}

enum err
approvals_get(const struct roster *roster, const char *domain,
    struct view message, struct view text, struct approvals *out)
{
	struct reader r = reader_of(text);
	struct approvals a = { 0 };

	TRY(check_domain(domain, message));
	if (!view_is(reader_until(&r, '\n'), "okse-signatures 1"))
		return err_because(ERR_UNSUPPORTED, "signatures: wanted "
		    "\"okse-signatures 1\" as the first line");
	while (r.rest.len != 0) {
		struct view line = reader_until(&r, '\n');
		enum err e = r.failed ? ERR_SYNTAX :
		    get_one(roster, line, message, &a);

		if (e != ERR_OK)
			return err_because(e, "signatures: %s", r.failed ?
			    "the last line has no end" : err_why());
	}
	*out = a;
	return ERR_OK;
}

enum err
approvals_verify(const struct roster *roster, const char *domain,
    struct view message, struct view text, struct approvals *out)
{
	struct approvals a;

	TRY(approvals_get(roster, domain, message, text, &a));
	if (a.count < roster->threshold)
		return err_because(ERR_FORBIDDEN, "%u of the %u officers "
		    "needed have signed", a.count, roster->threshold);
	*out = a;
	return ERR_OK;
}
