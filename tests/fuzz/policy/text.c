/* Clean texts are NFC by utf8proc's own whole-string function as well. */
#include <stdlib.h>

#include <utf8proc.h>

#include "policy/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	utf8proc_uint8_t *form = NULL;
	utf8proc_ssize_t n;
	bool same;

	text_latin(utf8_valid(VIEW(data, size)) ? VIEW(data, size) :
	    VIEW(NULL, 0));
	if (size == 0 || !text_clean(VIEW(data, size)))
		return 0;
	n = utf8proc_map(data, (utf8proc_ssize_t)size, &form,
	    UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	same = n >= 0 && view_equal(VIEW(form, (size_t)n), VIEW(data, size));
	free(form);
	if (!same)
		abort();
	return 0;
}
