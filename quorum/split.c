/*
 * Splitting a secret (Shamir), with commitments. In a file of its own so that
 * a program which only opens secrets, the daemon, does not contain it. What is
 * split and for whom comes from the ceremony's checked script.
 * Next: quorum.c opens what was split.
 */
#include <string.h>

#include "quorum/commit.h"
#include "quorum/gf256.h"

static enum err
check_plan(const struct secret *secret, const struct quorum *plan)
{
	if (secret_len(secret) != SHARE_VALUE_SIZE)
		return err_because(ERR_RANGE,
		    "splitting: wanted a secret of %d bytes, got %zu",
		    SHARE_VALUE_SIZE, secret_len(secret));
	/* a threshold of 1 hands the secret itself to every officer */
	if (plan->threshold < 2 || plan->threshold > plan->count ||
	    plan->count > SHARE_MAX)
		return err_because(ERR_RANGE, "splitting: wanted a threshold "
		    "from 2 to the number of shares, at most %d; got %u of %u",
		    SHARE_MAX, plan->threshold, plan->count);
	for (unsigned int i = 0; i < plan->count; i++)
		if (!quorum_name_fits(view_text(plan->officers[i])))
			return err_because(ERR_RANGE, "splitting: seat %u "
			    "needs an officer's name", i + 1);
	return ERR_OK;
}

/*
 * coefficients holds threshold rows of SHARE_VALUE_SIZE bytes, the secret
 * first; Horner's rule, all bytes of a row in step.
 */
static void
evaluate(const struct secret *coefficients, unsigned int threshold,
    unsigned int x, uint8_t out[SHARE_VALUE_SIZE])
{
	const uint8_t *row = secret_peek(coefficients);

	memset(out, 0, SHARE_VALUE_SIZE);
	for (unsigned int k = threshold; k-- > 0;)
		for (size_t i = 0; i < SHARE_VALUE_SIZE; i++)
			out[i] = (uint8_t)(gf_multiply(out[i], (uint8_t)x) ^
			    row[k * SHARE_VALUE_SIZE + i]);
}

static enum err
deal(struct quorum *q, const struct secret *coefficients, unsigned int x,
    struct share *out_share)
{
	struct share s = {
		.threshold = (uint8_t)q->threshold,
		.count = (uint8_t)q->count,
		.x = (uint8_t)x,
	};

	memcpy(s.set_id, q->set_id, SHARE_ID_SIZE);
	memcpy(s.ceremony_id, q->ceremony_id, SHARE_ID_SIZE);
	TRY(secret_new(SHARE_VALUE_SIZE, &s.value));
	evaluate(coefficients, q->threshold, x, secret_at(s.value));
	q->shares[x - 1] = quorum_commit_share(q, x, s.value);
	*out_share = s;
	return ERR_OK;
}

/* Coefficients ^= HKDF(seed): at most 31 rows of 32 bytes, RFC 5869's 255. */
static enum err
mix(const struct secret *seed, uint8_t *rows, size_t len)
{
	AUTO(secret) mask = NULL;

	if (seed == NULL)
		return ERR_OK;
	TRY(secret_new(len, &mask));
	TRY(hkdf_sha256(VIEW(secret_peek(seed), secret_len(seed)),
	    view_text("okse/split/v1"), "coefficients", secret_at(mask),
	    len));
	for (size_t i = 0; i < len; i++)
		rows[i] ^= secret_peek(mask)[i];
	return ERR_OK;
}

enum err
quorum_split(const struct secret *secret, const struct quorum *plan,
    struct quorum *out_quorum, struct share *out_shares)
{
	return quorum_split_seeded(secret, NULL, plan, out_quorum,
	    out_shares);
}

enum err
quorum_split_seeded(const struct secret *secret, const struct secret *seed,
    const struct quorum *plan, struct quorum *out_quorum,
    struct share *out_shares)
{
	AUTO(secret) rows = NULL;
	struct quorum q = *plan;

	TRY(check_plan(secret, plan));
	TRY(secret_new(q.threshold * SHARE_VALUE_SIZE, &rows));
	memcpy(secret_at(rows), secret_peek(secret), SHARE_VALUE_SIZE);
	TRY(random_bytes(secret_at(rows) + SHARE_VALUE_SIZE,
	    (q.threshold - 1) * SHARE_VALUE_SIZE));
	TRY(mix(seed, secret_at(rows) + SHARE_VALUE_SIZE,
	    (q.threshold - 1) * SHARE_VALUE_SIZE));
	TRY(random_bytes(q.set_id, SHARE_ID_SIZE));
	q.secret = quorum_commit_secret(&q, secret);
	for (unsigned int x = 1; x <= q.count; x++)
		TRY(deal(&q, rows, x, &out_shares[x - 1]));
	*out_quorum = q;
	return ERR_OK;
}
