/*
 * Any bytes as a certificate, under the rules of every profile.
 */
#include <stdint.h>

#include <openssl/err.h>

#include "ceremony/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at = data;
	AUTO(X509) x = d2i_X509(NULL, &at, (long)size);

	ERR_clear_error();
	if (x == NULL)
		return 0;
	for (enum profile_kind k = 0; k < PROFILE_COUNT; k++)
		if (lint_certificate(x, x, k, true) != ERR_OK)
			continue;
	return 0;
}
