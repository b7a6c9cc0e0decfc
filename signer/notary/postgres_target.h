/*
 * Inside the connection: where a PostgreSQL server may be, as libpq wants it
 * told. Included by postgres*.c alone.
 */
#ifndef OKSE_SIGNER_NOTARY_POSTGRES_TARGET_H
#define OKSE_SIGNER_NOTARY_POSTGRES_TARGET_H

#include "signer/notary/postgres.h"

enum target_option {	/* those a URI may give */
	TARGET_USER,
	TARGET_DATABASE,
	TARGET_HOST,
	TARGET_PORT,
	TARGET_SSL_MODE,
	TARGET_ROOT,
	TARGET_CERTIFICATE,
	TARGET_KEY,
	TARGET_CRL,
	TARGET_PASSFILE,
	TARGET_OPTIONS,
};

struct target_host {
	char		*name;		/* or directory of the socket */
	char		 address[48];	/* resolved; empty: a socket */
	char		 port[6];
};

struct postgres_target {
	char			*option[TARGET_OPTIONS];	/* or NULL */
	char			*name;
	size_t			 host_count;
	struct target_host	 hosts[POSTGRES_HOSTS];
	size_t			 last_good;
};

#define TARGET_WORDS (TARGET_OPTIONS + 16)
struct postgres_words {		/* NULL-terminated, views */
	const char	*keys[TARGET_WORDS], *values[TARGET_WORDS];
};

size_t postgres_target_hosts(const struct postgres_target *t);
struct postgres_words postgres_target_words(const struct postgres_target *t,
    size_t host);

#endif
