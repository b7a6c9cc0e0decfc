/* What the keyholder accepts as a draft has one encoding and a document. */
#include <stdlib.h>

#include "credential/draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t signature[P256_SIGNATURE_SIZE] =
	    { [31] = 1, [63] = 1 };
	AUTO_DONE(bytes) again = { 0 };
	AUTO_DONE(bytes) document = { 0 };
	AUTO(draft) d = NULL;

	if (crypto_init() != ERR_OK)
		abort();
	if (draft_decode(VIEW(data, size), &d) != ERR_OK)
		return 0;
	draft_encode(d, &again);
	if (!view_equal(bytes_view(&again), VIEW(data, size)) ||
	    draft_document(d, signature, &document) != ERR_OK)
		abort();
	return 0;
}
