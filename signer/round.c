/*
 * Judging what officers answer to the daemon's statement. An act comes through
 * the desk, which parses what anybody sends: nothing in it is believed before
 * its signature is that of a seat of the roster, over this very statement.
 * Next: unseal.c counts the shares.
 */
#include "signer/round.h"

#include "base/time.h"
#include "quorum/approval.h"
#include "quorum/envelope.h"

void
round_done(struct round *r)
{
	EVP_PKEY_free(r->key);
	bytes_done(&r->text);
	*r = (struct round){ 0 };
}

enum err
round_begin(struct round *r, const struct activation *about)
{
	AUTO_DONE(round) next = { .statement = *about };
	struct activation *a = &next.statement;

	TRY(envelope_key(&next.key, a->point));
	TRY(random_bytes(a->nonce.at, sizeof(a->nonce.at)));
	a->expires = time_now() + ROUND_SECONDS;
	next.ends_us = time_monotonic_us() + ROUND_SECONDS * INT64_C(1000000);
	TRY(activation_put(a, &next.text));
	next.hash = sha256(bytes_view(&next.text));
	round_done(r);
	*r = next;
	next = (struct round){ 0 };
	return ERR_OK;
}

bool
round_over(const struct round *r)
{
	return r->key == NULL || time_monotonic_us() >= r->ends_us;
}

enum err
round_hear(const struct round *r, const struct roster *roster,
    struct view text, struct act *out)
{
	AUTO_DONE(act) a = { 0 };

	TRY(act_get(text, &a));
	if (!view_equal(VIEW_OF(a.statement.at), VIEW_OF(r->hash.at)))
		return err_because(ERR_MISMATCH, "this answers another "
		    "statement than the daemon's current one");
	if (round_over(r))
		return err_because(ERR_TIMEOUT, "the statement has expired: "
		    "ask for the new one");
	if (a.seat < 1 || a.seat > roster->count)
		return err_because(ERR_NOT_FOUND,
		    "seat %u is not in the roster", a.seat);
	if (officer_verify(&roster->officers[a.seat - 1], a.message,
	    bytes_view(&a.signature)) != ERR_OK)
		return err_because(ERR_SIGNATURE, "seat %u: not signed with "
		    "the key that the roster has for it", a.seat);
	*out = a;
	a = (struct act){ 0 };
	return ERR_OK;
}

enum err
round_share(const struct round *r, const struct act *a, struct share *out)
{
	const struct envelope e = { r->hash, a->seat };
	AUTO_DONE(share) share = { 0 };
	AUTO(secret) line = NULL;

	TRY(envelope_open(&e, r->key, bytes_view(&a->sealed), &line));
	TRY(share_get(VIEW(secret_peek(line), secret_len(line)), &share));
	if (share.x != a->seat)
		return err_because(ERR_MISMATCH, "seat %u sent the share of "
		    "seat %u", a->seat, share.x);
	*out = share;
	share = (struct share){ 0 };
	return ERR_OK;
}
