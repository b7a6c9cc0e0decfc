/*
 * What a daemon's role may do: read and add to every table, change and forget
 * where the registry's verbs do; never rewrite the log, never alter or drop.
 * Next: docs/operations.md, which has the same for people.
 */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "signer/notary/postgres_engine.h"

#define ROLE_LONGEST 63

/* The role follows. */
static const char *const grants[] = {
	"GRANT USAGE ON SCHEMA okse TO ",
	"GRANT SELECT ON ALL TABLES IN SCHEMA okse TO ",
	("GRANT INSERT ON okse.device, okse.device_key, okse.qr, okse.nonce,"
	    " okse.quota, okse.status_list, okse.status_version,"
	    " okse.status_use, okse.idem, okse.orphan, okse.entry, okse.meta,"
	    " okse.writer TO "),
	("GRANT UPDATE ON okse.device, okse.device_key, okse.qr, okse.quota,"
	    " okse.status_list, okse.status_version, okse.status_use,"
	    " okse.orphan, okse.meta, okse.writer TO "),
	"GRANT UPDATE (qr_certificate, log_key) ON okse.node TO ",
	("GRANT DELETE ON okse.qr, okse.nonce, okse.quota, okse.idem,"
	    " okse.status_use TO "),
};

/* Written into SQL, so it is held to what needs no quotes. */
static bool
is_role(const char *role)
{
	size_t n = strlen(role);

	return n != 0 && n <= ROLE_LONGEST && role[0] >= 'a' &&
	    role[0] <= 'z' && strspn(role,
	    "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

enum err
engine_postgres_grant(struct engine *engine, const char *role)
{
	struct postgres *p = pg_of(engine)->connection;

	if (!is_role(role))
		return err_because(ERR_RANGE, "expected a role's name of a-z,"
		    " 0-9 and _, at most %d", ROLE_LONGEST);
	for (size_t i = 0; i < COUNT(grants); i++) {
		char sql[512];

		snprintf(sql, sizeof(sql), "%s%s", grants[i], role);
		postgres_queue_sql(p, sql, VIEW(NULL, 0), NULL, NULL);
	}
	return postgres_round(p, time_monotonic_us() + READ_PATIENCE);
}
