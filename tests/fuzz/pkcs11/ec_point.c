/*
 * CKA_EC_POINT from a token: the first byte chooses the curve, the rest is
 * the value. What is decoded lies in the value, at its end, and OpenSSL takes
 * or refuses it.
 */
#include <stdlib.h>

#include "base/crypto.h"
#include "pkcs11/point.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(EVP_PKEY) key = NULL;
	struct view point = { 0 };
	size_t len;
	enum err e;

	if (size == 0)
		return 0;
	len = data[0] % 2 == 0 ? P256_POINT_SIZE : ED25519_SIZE;
	if (ec_point_decode(VIEW(data + 1, size - 1), len, &point) != ERR_OK)
		return 0;
	if (point.len != len || point.at + len != data + size)
		abort();
	e = len == P256_POINT_SIZE ? p256_public(point, &key) :
	    ed25519_public(point, &key);
	if ((e == ERR_OK) != (key != NULL))
		abort();
	return 0;
}
