/*
 * Any text as quorum.txt. What is read is written back as the same text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "quorum/quorum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) again = { 0 };
	struct quorum q;

	if (crypto_init() != ERR_OK)
		abort();
	if (quorum_get(VIEW(data, size), &q) != ERR_OK)
		return 0;
	if (quorum_put(&q, &again) != ERR_OK ||
	    !view_equal(bytes_view(&again), VIEW(data, size)))
		abort();
	return 0;
}
