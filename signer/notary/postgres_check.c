/*
 * May this server be trusted with the registry? Asked at every connection,
 * for after a failover it is another one. Settings that lose what was
 * committed, a standby, and a role that could change the tables are refused
 * by name. Next: postgres_writer.c.
 */
#include <string.h>

#include "base/time.h"
#include "signer/notary/postgres_engine.h"

#define OLDEST 150000	/* server_version_num */

/* In the order of the columns below. */
static const struct setting {
	const char	*name;
	const char	*wanted[3];
} settings[] = {
	{ "fsync", { "on" } },
	{ "full_page_writes", { "on" } },
	{ "synchronous_commit", { "on", "remote_apply" } },
	{ "default_transaction_isolation", { "read committed" } },
	{ "default_transaction_read_only", { "off" } },
	{ "server_encoding", { "UTF8" } },
};

static const char server_sql[] =
    "SELECT current_setting('fsync'),"
    " current_setting('full_page_writes'),"
    " current_setting('synchronous_commit'),"
    " current_setting('default_transaction_isolation'),"
    " current_setting('default_transaction_read_only'),"
    " current_setting('server_encoding'),"
    " current_setting('server_version_num')::bigint,"
    " pg_is_in_recovery(),"
    " (SELECT system_identifier FROM pg_control_system()) || '/' ||"
    " CASE WHEN pg_is_in_recovery() THEN ''"
    " ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END"
    " || '/' || (extract(epoch FROM pg_postmaster_start_time())"
    " * 1000000)::bigint";

/* What a daemon's role could do beyond using the tables. */
static const char role_sql[] =
    "SELECT r.rolsuper OR r.rolcreaterole OR r.rolreplication,"
    " EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid"
    "  AND pg_has_role(c.relowner, 'USAGE'))"
    " OR pg_has_role(n.nspowner, 'USAGE'),"
    " has_schema_privilege(n.oid, 'CREATE')"
    " FROM pg_roles r LEFT JOIN pg_namespace n ON n.nspname = 'okse'"
    " WHERE r.rolname = current_user";

struct answer {
	enum err	(*judge)(struct reader *r, struct answer *a);
	enum err	err;
	bool		came;
	char		term[POSTGRES_TERM];
};

static bool
is_wanted(const struct setting *s, struct view value)
{
	for (size_t i = 0; i < COUNT(s->wanted); i++)
		if (s->wanted[i] != NULL && view_is(value, s->wanted[i]))
			return true;
	return false;
}

static enum err
judge_server(struct reader *r, struct answer *a)
{
	struct view term;
	int64_t number;

	for (size_t i = 0; i < COUNT(settings); i++) {
		struct view value = datum_get(r).bytes;

		if (!is_wanted(&settings[i], value))
			return err_because(ERR_UNSUPPORTED, "database: %s is "
			    "%.*s, expected %s: what is committed must stay",
			    settings[i].name, (int)value.len,
			    (const char *)value.at, settings[i].wanted[0]);
	}
	number = datum_get(r).number;
	if (number < OLDEST)
		return err_because(ERR_UNSUPPORTED, "database: "
		    "server_version_num is %lld, expected at least %d",
		    (long long)number, OLDEST);
	if (datum_get(r).number != 0)
		return err_because(ERR_UNAVAILABLE, "database: "
		    "pg_is_in_recovery: the server is a standby");
	term = datum_get(r).bytes;
	if (term.len >= sizeof(a->term))
		return err_because(ERR_UNSUPPORTED,
		    "database: a timeline of %zu bytes", term.len);
	memcpy(a->term, term.at, term.len);
	return ERR_OK;
}

static enum err
judge_role(struct reader *r, struct answer *a)
{
	(void)a;
	if (datum_get(r).number != 0)
		return err_because(ERR_UNSUPPORTED, "database: the daemon's "
		    "role is a superuser, or may create roles or replicate");
	if (datum_get(r).number != 0)
		return err_because(ERR_UNSUPPORTED, "database: the daemon's "
		    "role owns the schema okse or a table in it");
	if (datum_get(r).number != 0)
		return err_because(ERR_UNSUPPORTED, "database: the daemon's "
		    "role may create in the schema okse");
	return ERR_OK;
}

static void
on_answer(void *arg, const struct view *row, uint64_t changed)
{
	struct answer *a = arg;
	struct reader r;

	(void)changed;
	if (row == NULL)
		return;
	r = reader_of(*row);
	a->came = true;
	a->err = a->judge(&r, a);
}

static enum err
ask(struct postgres *p, const char *sql, struct answer *a)
{
	postgres_queue_sql(p, sql, VIEW(NULL, 0), on_answer, a);
	TRY(postgres_round(p, time_monotonic_us() + READ_PATIENCE));
	return a->came ? a->err : err_because(ERR_UNSUPPORTED,
	    "database: no answer about its settings");
}

enum err
pg_check_server(struct postgres *p, enum postgres_as as,
    char out_term[POSTGRES_TERM])
{
	struct answer server = { .judge = judge_server };
	struct answer role = { .judge = judge_role };

	TRY(ask(p, server_sql, &server));
	if (as == POSTGRES_AS_DAEMON)
		TRY(ask(p, role_sql, &role));
	memcpy(out_term, server.term, sizeof(server.term));
	return ERR_OK;
}
