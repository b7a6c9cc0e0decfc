/*
 * Any line as a share. What is read is written back as the same line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "quorum/share.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(share) s = { 0 };
	AUTO(secret) text = NULL;

	if (crypto_init() != ERR_OK)
		abort();
	if (share_get(VIEW(data, size), &s) != ERR_OK)
		return 0;
	if (share_put(&s, &text) != ERR_OK || secret_len(text) != size ||
	    memcmp(secret_peek(text), data, size) != 0)
		abort();
	return 0;
}
