/*
 * Any text as a bundle's manifest. What is read is written back as the same
 * text, and everything in it is within its bounds.
 */
#include <stdint.h>
#include <stdlib.h>

#include "policy/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) again = { 0 };
	struct manifest m;

	if (manifest_get(VIEW(data, size), &m) != ERR_OK)
		return 0;
	if (manifest_put(&m, &again) != ERR_OK ||
	    !view_equal(bytes_view(&again), VIEW(data, size)) ||
	    m.serial < 1 || m.not_before >= m.expires || m.count == 0 ||
	    m.count > MANIFEST_FILES)
		abort();
	for (size_t i = 0; i < m.count; i++)
		if (!manifest_name_fits(view_text(m.files[i].name)))
			abort();
	return 0;
}
