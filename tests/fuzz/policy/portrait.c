/* Portraits from anybody: read or refused, and read with a size. */
#include <stdlib.h>

#include "policy/portrait.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct portrait p = { 0 };

	if (portrait_read(VIEW(data, size), &p) == ERR_OK &&
	    (p.width == 0 || p.height == 0))
		abort();
	return 0;
}
