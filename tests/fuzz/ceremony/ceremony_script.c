/*
 * Any text as a script. What is accepted can be planned without a fault.
 */
#include <stdint.h>
#include <stdlib.h>

#include "ceremony/steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(script) s = NULL;

	if (script_parse("fuzz", VIEW(data, size), &s) != ERR_OK ||
	    steps_check(s) != ERR_OK)
		return 0;
	for (size_t i = 0; i < s->certificates.count; i++) {
		struct certificate_plan p = script_plan(MODE_REHEARSAL,
		    &s->certificates.at[i], 0);

		if (p.not_after <= p.not_before)
			abort();
	}
	return 0;
}
