/*
 * From one engine to the other. Next: signer/notary/registry_copy.c.
 */
#include "signer/notary/registry_copy.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/commands.h"
#include "cli/say.h"
#include "cli/service.h"
#include "signer/config.h"

static void
tell(void *arg, const struct copied *c)
{
	AUTO_DONE(bytes) hex = { 0 };

	(void)arg;
	hex_put(&hex, VIEW_OF(c->hash.at));
	printf("%-16s %12" PRIu64 "  %s\n", c->table, c->rows,
	    bytes_text(&hex));
}

int
registry_copy_all(const struct arguments *a)
{
	AUTO(config) config = NULL;
	enum err e;

	if ((e = service_config(a, &config)) != ERR_OK)
		return complain_err("the configuration", e);
	if ((e = registry_copy(argument(a, 0), argument(a, 1), config->origin,
	    tell, NULL)) != ERR_OK) {
		int status = complain_err("the copy", e);

		return e == ERR_EXISTS ? EXIT_CONFLICT : status;
	}
	complain("copied, read back and the same; now name the server in "
	    "okse.yaml, and keep the file away from the daemon");
	return finish(EXIT_DONE);
}
