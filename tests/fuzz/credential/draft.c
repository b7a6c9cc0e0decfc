/*
 * What the keyholder accepts as a draft has one encoding, and a document
 * unless something is missing: what stands beside the signed bytes, or, of an
 * OpenDID credential, signatures that verify.
 */
#include <stdlib.h>

#include "credential/draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t signatures[DRAFT_PARTS][P256_SIGNATURE_SIZE];
	AUTO_DONE(bytes) again = { 0 };
	AUTO_DONE(bytes) to_sign = { 0 };
	AUTO_DONE(bytes) document = { 0 };
	AUTO(draft) d = NULL;
	enum err e;

	if (crypto_init() != ERR_OK)
		abort();
	if (draft_decode(VIEW(data, size), &d) != ERR_OK)
		return 0;
	for (size_t i = 0; i < DRAFT_PARTS; i++)
		signatures[i][31] = signatures[i][63] = 1;
	draft_encode(d, &again);
	draft_encode_to_sign(d, &to_sign);
	e = draft_document(d, signatures[0], &document);
	if (e == ERR_INTERNAL && view_equal(bytes_view(&again),
	    bytes_view(&to_sign)))
		e = ERR_OK;
	if (e == ERR_SIGNATURE && draft_kind(d) == DRAFT_OPENDID)
		e = ERR_OK;
	if (!view_equal(bytes_view(&again), VIEW(data, size)) || e != ERR_OK)
		abort();
	return 0;
}
