/*
 * ECDSA verification with both points fixed. The arithmetic is OpenSSL's; the
 * four lines of SEC 1 4.1.4 are here, because its own verification treats
 * every key as one that it sees for the first time. Used by pkcs11/sign.c,
 * where the key is ours and the signature a token's, which may be faulty.
 */
#include "base/p256_table.h"

#include <openssl/ec.h>

struct p256_table {
	EC_GROUP	*curve;
	EC_GROUP	*own;		/* whose generator is the key */
	EC_POINT	*sum, *term;
	BN_CTX		*numbers;
};

void
p256_table_free(struct p256_table *t)
{
	if (t == NULL)
		return;
	EC_POINT_free(t->sum);
	EC_POINT_free(t->term);
	EC_GROUP_free(t->own);
	EC_GROUP_free(t->curve);
	BN_CTX_free(t->numbers);
	mem_free(t);
}

/* Deprecated without a successor: OpenSSL 3 says it is rarely of use. */
static bool
precompute(EC_GROUP *g, BN_CTX *c)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	return EC_GROUP_precompute_mult(g, c) == 1 &&
	    EC_GROUP_have_precompute_mult(g) == 1;
#pragma GCC diagnostic pop
}

static bool
make(struct p256_table *t, const uint8_t point[P256_POINT_SIZE])
{
	t->curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	t->own = t->curve != NULL ? EC_GROUP_dup(t->curve) : NULL;
	t->numbers = BN_CTX_new();
	if (t->own == NULL || t->numbers == NULL)
		return false;
	t->sum = EC_POINT_new(t->curve);
	t->term = EC_POINT_new(t->own);
	return t->sum != NULL && t->term != NULL &&
	    EC_POINT_oct2point(t->own, t->term, point, P256_POINT_SIZE,
	    t->numbers) == 1 &&
	    EC_GROUP_set_generator(t->own, t->term,
	    EC_GROUP_get0_order(t->curve), BN_value_one()) == 1 &&
	    precompute(t->own, t->numbers);
}

enum err
p256_table_new(EVP_PKEY *key, struct p256_table **out_table)
{
	AUTO(p256_table) t = mem_new(1, sizeof(*t));
	uint8_t point[P256_POINT_SIZE];

	if (t == NULL)
		return err_because(ERR_MEMORY, "a table for a key");
	TRY(p256_point(key, point));
	if (!make(t, point)) {
		(void)err_openssl("a table for a key");
		return err_because(ERR_UNSUPPORTED,
		    "OpenSSL makes no table for this key");
	}
	*out_table = STEAL(t);
	return ERR_OK;
}

/* x of (e / s) G + (r / s) Q, modulo n, is r. */
static bool
holds(struct p256_table *t, const BIGNUM *e, const BIGNUM *r,
    const BIGNUM *s)
{
	const BIGNUM *n = EC_GROUP_get0_order(t->curve);
	BN_CTX *c = t->numbers;
	BIGNUM *w = BN_CTX_get(c), *u = BN_CTX_get(c), *x = BN_CTX_get(c);

	return x != NULL && BN_mod_inverse(w, s, n, c) != NULL &&
	    BN_mod_mul(u, e, w, n, c) &&
	    EC_POINT_mul(t->curve, t->sum, u, NULL, NULL, c) &&
	    BN_mod_mul(u, r, w, n, c) &&
	    EC_POINT_mul(t->own, t->term, u, NULL, NULL, c) &&
	    EC_POINT_add(t->curve, t->sum, t->sum, t->term, c) &&
	    !EC_POINT_is_at_infinity(t->curve, t->sum) &&
	    EC_POINT_get_affine_coordinates(t->curve, t->sum, x, NULL, c) &&
	    BN_nnmod(x, x, n, c) && BN_cmp(x, r) == 0;
}

static bool
is_in_range(const BIGNUM *v, const BIGNUM *n)
{
	return v != NULL && !BN_is_zero(v) && BN_cmp(v, n) < 0;
}

bool
p256_table_verify(struct p256_table *t, const struct hash *digest,
    const uint8_t raw[P256_SIGNATURE_SIZE])
{
	const BIGNUM *n = EC_GROUP_get0_order(t->curve);
	BIGNUM *e, *r, *s;
	bool good;

	BN_CTX_start(t->numbers);
	e = BN_CTX_get(t->numbers);
	r = BN_CTX_get(t->numbers);
	s = BN_CTX_get(t->numbers);
	good = s != NULL && BN_bin2bn(digest->at, 32, e) != NULL &&
	    is_in_range(BN_bin2bn(raw, 32, r), n) &&
	    is_in_range(BN_bin2bn(raw + 32, 32, s), n) &&
	    holds(t, e, r, s);
	BN_CTX_end(t->numbers);
	if (!good)
		(void)err_openssl("P-256");	/* empties the queue */
	return good;
}
