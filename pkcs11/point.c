/*
 * Decodes CKA_EC_POINT. The token's bytes are not trusted; what comes out
 * goes to OpenSSL, which checks the point. Next: generate.c.
 */
#include "pkcs11/point.h"

#define DER_BIT_STRING 3
#define DER_OCTET_STRING 4

static bool
wrapped(struct view value, size_t len)
{
	const uint8_t *at = value.at;

	if (value.len == len + 2)
		return at[0] == DER_OCTET_STRING && at[1] == len;
	return value.len == len + 3 && at[0] == DER_BIT_STRING &&
	    at[1] == len + 1 && at[2] == 0;
}

enum err
ec_point_decode(struct view value, size_t len, struct view *out_point)
{
	if (value.len != len && !wrapped(value, len))
		return err_because(ERR_SYNTAX, "CKA_EC_POINT: wanted %zu "
		    "bytes, as they are or in a DER OCTET STRING (PKCS#11 "
		    "v3.1 6.3.3), got %zu bytes", len, value.len);
	*out_point = VIEW(value.at + value.len - len, len);
	return ERR_OK;
}
