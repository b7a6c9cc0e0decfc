/*
 * Opening a split secret, byte by byte over GF(2^8). Shares come from officers
 * and are checked one by one, so that a wrong one is named at once; what they
 * combine to is checked before it is returned.
 * Next: derive.c makes PINs and keys of it; record.c reads the quorum.
 */
#include "quorum/quorum.h"

#include <string.h>

#include "quorum/commit.h"
#include "quorum/gf256.h"

struct hash
quorum_commit_secret(const struct quorum *q, const struct secret *s)
{
	uint8_t in[12 + SHARE_ID_SIZE];

	memcpy(in, "kc/secret/v1", 12);
	memcpy(in + 12, q->set_id, SHARE_ID_SIZE);
	return sha256_2(VIEW_OF(in), VIEW(secret_peek(s), secret_len(s)));
}

struct hash
quorum_commit_share(const struct quorum *q, unsigned int x,
    const struct secret *s)
{
	uint8_t in[11 + SHARE_ID_SIZE + 1];

	memcpy(in, "kc/share/v1", 11);
	memcpy(in + 11, q->set_id, SHARE_ID_SIZE);
	in[11 + SHARE_ID_SIZE] = (uint8_t)x;
	return sha256_2(VIEW_OF(in), VIEW(secret_peek(s), secret_len(s)));
}

enum err
quorum_check_share(const struct quorum *q, const struct share *s)
{
	struct hash c;

	if (s->x < 1 || s->x > q->count)
		return err_because(ERR_RANGE,
		    "seat %u is not one of this quorum's 1 to %u", s->x,
		    q->count);
	if (memcmp(s->set_id, q->set_id, SHARE_ID_SIZE) != 0)
		return err_because(ERR_MISMATCH, "the share of seat %u (%s) "
		    "is of another set of shares", s->x,
		    q->officers[s->x - 1]);
	if (memcmp(s->ceremony_id, q->ceremony_id, SHARE_ID_SIZE) != 0)
		return err_because(ERR_MISMATCH, "the share of seat %u (%s) "
		    "is of another ceremony", s->x, q->officers[s->x - 1]);
	if (s->value == NULL || s->threshold != q->threshold ||
	    s->count != q->count)
		return err_because(ERR_MISMATCH, "the share of seat %u (%s) "
		    "is not of %u of %u", s->x, q->officers[s->x - 1],
		    q->threshold, q->count);
	c = quorum_commit_share(q, s->x, s->value);
	if (!secret_equal(VIEW_OF(c.at), VIEW_OF(q->shares[s->x - 1].at)))
		return err_because(ERR_MISMATCH, "the share of seat %u (%s) "
		    "is not the one that was given out", s->x,
		    q->officers[s->x - 1]);
	return ERR_OK;
}

static enum err
check_all(const struct quorum *q, const struct share *shares, size_t count)
{
	bool seen[SHARE_MAX + 1] = { false };

	if (count < q->threshold || count > q->count)
		return err_because(ERR_RANGE,
		    "wanted %u to %u shares, got %zu", q->threshold, q->count,
		    count);
	for (size_t i = 0; i < count; i++) {
		TRY(quorum_check_share(q, &shares[i]));
		if (seen[shares[i].x])
			return err_because(ERR_EXISTS,
			    "the share of seat %u (%s) was given twice",
			    shares[i].x, q->officers[shares[i].x - 1]);
		seen[shares[i].x] = true;
	}
	return ERR_OK;
}

/*
 * The polynomial through the first n shares at `at` (Lagrange); at is none of
 * their seats. Seats are public and distinct, so their inverses exist.
 */
static void
interpolate(const struct share *shares, unsigned int n, unsigned int at,
    uint8_t out[SHARE_VALUE_SIZE])
{
	memset(out, 0, SHARE_VALUE_SIZE);
	for (unsigned int j = 0; j < n; j++) {
		const uint8_t *value = secret_peek(shares[j].value);
		uint8_t weight = 1;

		for (unsigned int k = 0; k < n; k++)
			if (k != j)
				weight = gf_multiply(weight, gf_multiply(
				    (uint8_t)(at ^ shares[k].x), gf_inverse(
				    shares[j].x ^ shares[k].x)));
		for (size_t i = 0; i < SHARE_VALUE_SIZE; i++)
			out[i] ^= gf_multiply(weight, value[i]);
	}
}

/* Those beyond the threshold must lie where the first ones say. */
static enum err
check_rest(const struct quorum *q, const struct share *shares, size_t count)
{
	AUTO(secret) expected = NULL;

	TRY(secret_new(SHARE_VALUE_SIZE, &expected));
	for (size_t i = q->threshold; i < count; i++) {
		interpolate(shares, q->threshold, shares[i].x,
		    secret_at(expected));
		if (!secret_equal(
		    VIEW(secret_peek(expected), SHARE_VALUE_SIZE),
		    VIEW(secret_peek(shares[i].value), SHARE_VALUE_SIZE)))
			return err_because(ERR_MISMATCH, "the shares were not "
			    "dealt from one secret: seat %u (%s) does not fit "
			    "the others", shares[i].x,
			    q->officers[shares[i].x - 1]);
	}
	return ERR_OK;
}

enum err
quorum_combine(const struct quorum *q, const struct share *shares,
    size_t count, struct secret **out_secret)
{
	AUTO(secret) s = NULL;
	struct hash c;

	TRY(check_all(q, shares, count));
	TRY(check_rest(q, shares, count));
	TRY(secret_new(SHARE_VALUE_SIZE, &s));
	interpolate(shares, q->threshold, 0, secret_at(s));
	c = quorum_commit_secret(q, s);
	if (!secret_equal(VIEW_OF(c.at), VIEW_OF(q->secret.at)))
		return err_because(ERR_MISMATCH, "the shares are right one by "
		    "one, but do not combine to the committed secret");
	*out_secret = STEAL(s);
	return ERR_OK;
}
