/*
 * Token URIs: whatever the text, no crash; what is accepted keeps its
 * promises.
 */
#include <stdlib.h>
#include <string.h>

#include "pkcs11/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO(token_uri) u = NULL;

	bytes_put(&text, VIEW(data, size));
	if (token_uri_parse(bytes_text(&text), &u) != ERR_OK) {
		must(u == NULL && err_why()[0] != '\0');
		return 0;
	}
	must(u->wanted.label[0] != '\0' && u->module_path[0] == '/');
	must(u->pin_file == NULL || u->pin_file[0] == '/');
	must(strlen(u->wanted.label) <= 32 && strlen(u->wanted.serial) <= 16);
	return 0;
}
