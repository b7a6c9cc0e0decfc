/*
 * Status List Tokens of anybody, in both forms: what is read as one is one
 * form only, and says what could have been made.
 */
#include <stdlib.h>

#include "credential/status_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int read = 0;

	for (int form = STATUS_JWT; form < STATUS_FORMS; form++) {
		AUTO_DONE(status_room) room = { 0 };
		struct status_token t;

		if (status_token_get((enum status_form)form,
		    VIEW(data, size), &room, &t) != ERR_OK)
			continue;
		read++;
		if (t.uri.len == 0 || t.uri.len > STATUS_URI ||
		    t.expires_at <= t.issued_at || t.ttl <= 0 ||
		    t.bits == 0 || t.list.len == 0)
			abort();
	}
	if (read > 1)
		abort();
	return 0;
}
