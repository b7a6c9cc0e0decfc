/*
 * Any text as roster.txt. What is read is written back as the same text.
 */
#include <stdint.h>
#include <stdlib.h>

#include "quorum/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(roster) r = { 0 };
	AUTO_DONE(bytes) again = { 0 };

	if (crypto_init() != ERR_OK)
		abort();
	if (roster_get(VIEW(data, size), &r) != ERR_OK)
		return 0;
	if (roster_put(&r, &again) != ERR_OK ||
	    !view_equal(bytes_view(&again), VIEW(data, size)))
		abort();
	return 0;
}
