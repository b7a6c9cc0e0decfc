/*
 * Documents of any format from anybody: what is taken apart can be shown, and
 * is never verified by a signer who did not make it.
 */
#include <stdlib.h>

#include "credential/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct trust nobody = { .now = TRUST_ANY_TIME };
	AUTO(inspected) i = NULL;
	AUTO_DONE(bytes) json = { 0 };

	if (crypto_init() != ERR_OK)
		abort();
	if (inspect(VIEW(data, size), &i) != ERR_OK)
		return 0;
	if (inspected_json(i, &json) != ERR_OK ||
	    (inspected_format(i)[0] == 'c' &&
	    inspected_verify(i, &nobody, NULL) == ERR_OK))
		abort();
	return 0;
}
