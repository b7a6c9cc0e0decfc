/*
 * Names of published status lists, for the notary, which writes them, and the
 * gate, which gives them out. Numbers are our own, or were read by the gate
 * as such.
 */
#include "signer/status_file.h"

#include <stdio.h>

const char *
status_file(int64_t list, enum status_form form, char out[STATUS_FILE])
{
	snprintf(out, STATUS_FILE, STATUS_DIR "/%lld.%s", (long long)list,
	    form == STATUS_JWT ? "jwt" : "cwt");
	return out;
}
