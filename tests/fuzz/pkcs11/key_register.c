/*
 * The key register: what is read is written back byte for byte.
 */
#include <stdlib.h>

#include "pkcs11/register.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) again = { 0 };
	struct key_register r;

	if (register_get(VIEW(data, size), &r) != ERR_OK)
		return 0;
	if (register_put(&r, &again) != ERR_OK ||
	    !view_equal(bytes_view(&again), VIEW(data, size)))
		abort();
	return 0;
}
