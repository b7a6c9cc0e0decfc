/*
 * Any text as the words of a hash. What is read has words of its own, and
 * they are read as the same hash.
 */
#include <stdint.h>
#include <stdlib.h>

#include "quorum/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) words = { 0 };
	struct hash h, again;

	if (crypto_init() != ERR_OK)
		abort();
	if (words_get(VIEW(data, size), &h) != ERR_OK)
		return 0;
	words_put(&h, HASH_WORDS, &words);
	if (words_get(bytes_view(&words), &again) != ERR_OK ||
	    !view_equal(VIEW_OF(h.at), VIEW_OF(again.at)))
		abort();
	return 0;
}
