/*
 * The recovery id of an ECDSA signature, for formats whose readers find the
 * signer's key from it. Tokens give none: it is computed from the public key,
 * the digest and the signature. These may come from anybody.
 */
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/crypto.h"

AUTO_DEFINE(BIGNUM, BIGNUM, BN_free);
AUTO_DEFINE(BN_CTX, BN_CTX, BN_CTX_free);
AUTO_DEFINE(EC_POINT, EC_POINT, EC_POINT_free);

static const EC_GROUP *
p256(void)
{
	static EC_GROUP *group;

	if (group == NULL)
		group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	return group;
}

/* e/s G + r/s Q: the signer's point again (SEC 1 4.1.4) */
static bool
signers_point(const EC_POINT *q, const BIGNUM *e, const BIGNUM *r,
    const BIGNUM *s, EC_POINT *out)
{
	const BIGNUM *n = EC_GROUP_get0_order(p256());
	AUTO(BN_CTX) c = BN_CTX_new();
	AUTO(BIGNUM) u = BN_new();
	AUTO(BIGNUM) v = BN_new();
	AUTO(BIGNUM) w = c != NULL ? BN_mod_inverse(NULL, s, n, c) : NULL;

	return u != NULL && v != NULL && w != NULL &&
	    BN_mod_mul(u, e, w, n, c) && BN_mod_mul(v, r, w, n, c) &&
	    EC_POINT_mul(p256(), out, u, q, v, c);
}

static enum err
id_of(const EC_POINT *point, const BIGNUM *r, uint8_t *out_id)
{
	const BIGNUM *n = EC_GROUP_get0_order(p256());
	AUTO(BIGNUM) x = BN_new();
	AUTO(BIGNUM) y = BN_new();
	bool beyond;

	if (x == NULL || y == NULL ||
	    !EC_POINT_get_affine_coordinates(p256(), point, x, y, NULL))
		return err_openssl("recovery id");
	beyond = BN_cmp(x, n) >= 0;
	if ((beyond && !BN_sub(x, x, n)) || BN_cmp(x, r) != 0)
		return err_because(ERR_SIGNATURE,
		    "ECDSA P-256 signature does not verify");
	*out_id = (uint8_t)(BN_is_odd(y) | (beyond ? 2 : 0));
	return ERR_OK;
}

enum err
p256_recovery_id(const uint8_t point[P256_POINT_SIZE],
    const struct hash *digest, const uint8_t raw[P256_SIGNATURE_SIZE],
    uint8_t *out_id)
{
	AUTO(BIGNUM) e = BN_bin2bn(digest->at, SHA256_SIZE, NULL);
	AUTO(BIGNUM) r = BN_bin2bn(raw, 32, NULL);
	AUTO(BIGNUM) s = BN_bin2bn(raw + 32, 32, NULL);
	AUTO(EC_POINT) q = p256() != NULL ? EC_POINT_new(p256()) : NULL;
	AUTO(EC_POINT) k = q != NULL ? EC_POINT_new(p256()) : NULL;

	if (e == NULL || r == NULL || s == NULL || k == NULL)
		return err_openssl("recovery id");
	if (!EC_POINT_oct2point(p256(), q, point, P256_POINT_SIZE, NULL)) {
		(void)err_openssl("recovery id");
		return err_because(ERR_SYNTAX, "not a point of P-256 "
		    "(SEC 1 2.3.4)");
	}
	if (BN_is_zero(s) || !signers_point(q, e, r, s, k)) {
		(void)err_openssl("recovery id");
		return err_because(ERR_SIGNATURE,
		    "ECDSA P-256 signature does not verify");
	}
	return id_of(k, r, out_id);
}
