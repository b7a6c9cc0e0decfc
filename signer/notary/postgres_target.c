/*
 * Where the database is: a URI out of okse.yaml, believed but held to what is
 * safe. Names are resolved here, before the process is locked in; afterwards
 * only addresses are connected to. Next: postgres.c.
 */
#include "signer/notary/postgres_target.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

static const char *const option_names[TARGET_OPTIONS] = {
	[TARGET_USER] = "user",
	[TARGET_DATABASE] = "dbname",
	[TARGET_HOST] = "host",
	[TARGET_PORT] = "port",
	[TARGET_SSL_MODE] = "sslmode",
	[TARGET_ROOT] = "sslrootcert",
	[TARGET_CERTIFICATE] = "sslcert",
	[TARGET_KEY] = "sslkey",
	[TARGET_CRL] = "sslcrl",
	[TARGET_PASSFILE] = "passfile",
};

/*
 * Ours, always. A server that lost us ends the transaction we left open, and
 * waits for other nodes' rows are bounded. Never statement_timeout: it could
 * cancel a COMMIT that waits for its standby, which is then done but warned
 * of. Home directories, tickets and other people's defaults are not looked at.
 */
static const char *const fixed[][2] = {
	{ "client_encoding", "UTF8" },
	{ "target_session_attrs", "read-write" },
	{ "gssencmode", "disable" },
	{ "sslcompression", "0" },
	{ "ssl_min_protocol_version", "TLSv1.3" },
	{ "keepalives_idle", "5" },
	{ "keepalives_interval", "2" },
	{ "keepalives_count", "3" },
	{ "options", "-c statement_timeout=0"
	    " -c lock_timeout=1s"
	    " -c idle_in_transaction_session_timeout=10s"
	    " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2"
	    " -c tcp_keepalives_count=3 -c search_path=okse" },
};

bool
postgres_is_uri(const char *text)
{
	return view_starts(view_text(text), "postgresql://") ||
	    view_starts(view_text(text), "postgres://");
}

void
postgres_target_free(struct postgres_target *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < TARGET_OPTIONS; i++)
		mem_free(t->option[i]);
	for (size_t i = 0; i < COUNT(t->hosts); i++)
		mem_free(t->hosts[i].name);
	mem_free(t->name);
	mem_free(t);
}

size_t
postgres_target_hosts(const struct postgres_target *t)
{
	return t->host_count;
}

/* ---- reading */

static enum err
take_option(struct postgres_target *t, const PQconninfoOption *o)
{
	for (size_t i = 0; i < TARGET_OPTIONS; i++) {
		if (strcmp(option_names[i], o->keyword) != 0)
			continue;
		t->option[i] = mem_text(o->val);
		return t->option[i] != NULL ? ERR_OK :
		    err_because(ERR_MEMORY, "registry");
	}
	if (strcmp(o->keyword, "password") == 0)
		return err_because(ERR_SCHEMA, "registry: no password here, "
		    "every role reads this file: use passfile or sslcert");
	return err_because(ERR_SCHEMA,
	    "registry: the option \"%s\" is not for you to set", o->keyword);
}

static enum err
read_uri(const char *uri, struct postgres_target *t)
{
	char *why = NULL;
	PQconninfoOption *all = PQconninfoParse(uri, &why);
	enum err e = ERR_OK;

	if (all == NULL) {
		e = err_because(ERR_SCHEMA, "registry: %s",
		    why != NULL ? why : "no memory");
		PQfreemem(why);
		return e;
	}
	for (PQconninfoOption *o = all; o->keyword != NULL; o++)
		if (o->val != NULL && e == ERR_OK)
			e = take_option(t, o);
	PQconninfoFree(all);
	return e;
}

/* The i-th of a list with commas; the last of a shorter list. */
static struct view
nth(const char *list, size_t i)
{
	struct view v = view_text(list);
	struct reader r = reader_of(v);
	struct view item = v;

	for (size_t k = 0; k <= i; k++) {
		const uint8_t *comma = r.rest.len != 0 ?
		    memchr(r.rest.at, ',', r.rest.len) : NULL;

		item = comma == NULL ? r.rest :
		    VIEW(r.rest.at, (size_t)(comma - r.rest.at));
		if (comma == NULL)
			break;
		(void)reader_until(&r, ',');
	}
	return item;
}

static size_t
count_list(const char *list)
{
	size_t n = 1;

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

static enum err
take_hosts(struct postgres_target *t)
{
	const char *list = t->option[TARGET_HOST];
	const char *ports = t->option[TARGET_PORT] != NULL ?
	    t->option[TARGET_PORT] : "5432";
	size_t count = list != NULL ? count_list(list) : 0;

	if (count == 0 || count > POSTGRES_HOSTS)
		return err_because(ERR_SCHEMA, "registry: expected 1 to %d "
		    "hosts, got %zu", POSTGRES_HOSTS, count);
	for (size_t i = 0; i < count; i++) {
		struct target_host *h = &t->hosts[t->host_count++];
		AUTO_DONE(bytes) name = { 0 };
		struct view port = nth(ports, i);

		bytes_put(&name, nth(list, i));
		h->name = mem_text(bytes_text(&name));
		if (h->name == NULL)
			return err_because(ERR_MEMORY, "registry");
		if (h->name[0] == '\0' || port.len >= sizeof(h->port))
			return err_because(ERR_SCHEMA, "registry: expected a "
			    "host and a port of at most 5 digits");
		memcpy(h->port, port.at, port.len);
	}
	return ERR_OK;
}

static bool
is_local(const struct target_host *h)
{
	return h->name[0] == '/';
}

static enum err
check_tls(const struct postgres_target *t)
{
	const char *mode = t->option[TARGET_SSL_MODE];
	bool tcp = false;

	for (size_t i = 0; i < t->host_count; i++)
		tcp |= !is_local(&t->hosts[i]);
	if (!tcp)
		return ERR_OK;
	if (mode == NULL || strcmp(mode, "verify-full") != 0 ||
	    t->option[TARGET_ROOT] == NULL)
		return err_because(ERR_SCHEMA, "registry: over TCP expected "
		    "sslmode=verify-full and sslrootcert");
	if ((t->option[TARGET_CERTIFICATE] == NULL) !=
	    (t->option[TARGET_KEY] == NULL))
		return err_because(ERR_SCHEMA,
		    "registry: sslcert and sslkey go together");
	return ERR_OK;
}

enum err
postgres_target_read(const char *uri, struct postgres_target **out_target)
{
	AUTO(postgres_target) t = mem_new(1, sizeof(*t));

	if (t == NULL)
		return err_because(ERR_MEMORY, "registry");
	TRY(read_uri(uri, t));
	if (t->option[TARGET_USER] == NULL ||
	    t->option[TARGET_DATABASE] == NULL)
		return err_because(ERR_SCHEMA,
		    "registry: expected a user and a database");
	TRY(take_hosts(t));
	TRY(check_tls(t));
	*out_target = STEAL(t);
	return ERR_OK;
}

/* ---- resolving */

static enum err
resolve(struct target_host *h)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int rc;

	if (is_local(h))
		return ERR_OK;
	rc = getaddrinfo(h->name, h->port, &hints, &found);
	if (rc != 0)
		return err_because(ERR_UNAVAILABLE, "registry: %s: %s",
		    h->name, gai_strerror(rc));
	rc = getnameinfo(found->ai_addr, found->ai_addrlen, h->address,
	    sizeof(h->address), NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(found);
	return rc == 0 ? ERR_OK : err_because(ERR_UNAVAILABLE,
	    "registry: %s: %s", h->name, gai_strerror(rc));
}

enum err
postgres_target_parse(const char *uri, struct postgres_target **out_target)
{
	AUTO(postgres_target) t = NULL;

	TRY(postgres_target_read(uri, &t));
	for (size_t i = 0; i < t->host_count; i++)
		TRY(resolve(&t->hosts[i]));
	TRY(postgres_target_name(t, "okse"));
	*out_target = STEAL(t);
	return ERR_OK;
}

enum err
postgres_target_name(struct postgres_target *t, const char *name)
{
	AUTO(text) copy = mem_text(name);

	if (copy == NULL)
		return err_because(ERR_MEMORY, "registry");
	mem_free(t->name);
	t->name = STEAL(copy);
	return ERR_OK;
}

/* ---- what others need to know of it */

struct postgres_need
postgres_target_need(const struct postgres_target *t)
{
	static const enum target_option files[] = { TARGET_ROOT,
	    TARGET_CERTIFICATE, TARGET_KEY, TARGET_CRL, TARGET_PASSFILE };
	struct postgres_need n = { 0 };

	for (size_t i = 0; i < t->host_count; i++) {
		const struct target_host *h = &t->hosts[i];

		if (is_local(h)) {
			n.local = true;
			continue;
		}
		n.tcp = true;
		n.ports[n.port_count++] = (uint16_t)strtoul(h->port, NULL,
		    10);
	}
	for (size_t i = 0; i < COUNT(files); i++)
		if (t->option[files[i]] != NULL)
			n.files[n.file_count++] = t->option[files[i]];
	return n;
}

static void
word(struct postgres_words *w, size_t *n, const char *key, const char *value)
{
	if (value == NULL)
		return;
	w->keys[*n] = key;
	w->values[(*n)++] = value;
}

struct postgres_words
postgres_target_words(const struct postgres_target *t, size_t host)
{
	const struct target_host *h = &t->hosts[host];
	struct postgres_words w = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < TARGET_OPTIONS; i++)
		if (i != TARGET_HOST && i != TARGET_PORT &&
		    (i != TARGET_SSL_MODE || !is_local(h)))
			word(&w, &n, option_names[i], t->option[i]);
	word(&w, &n, "host", h->name);
	word(&w, &n, "hostaddr", h->address[0] != '\0' ? h->address : NULL);
	word(&w, &n, "port", h->port);
	word(&w, &n, "sslmode", is_local(h) ? "disable" : NULL);
	/* otherwise it would be looked for in somebody's home directory */
	word(&w, &n, "passfile", t->option[TARGET_PASSFILE] == NULL ?
	    "/nonexistent" : NULL);
	word(&w, &n, "application_name", t->name);
	for (size_t i = 0; i < COUNT(fixed); i++)
		word(&w, &n, fixed[i][0], fixed[i][1]);
	return w;
}
