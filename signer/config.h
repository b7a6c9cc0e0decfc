/*
 * okse.yaml, read once by the supervisor and given to every role as text.
 * Described for operators in docs/man/okse.yaml.5.
 */
#ifndef OKSE_SIGNER_CONFIG_H
#define OKSE_SIGNER_CONFIG_H

#include <sys/types.h>

#include "credential/draft.h"

enum listener {
	LISTENER_API = 1,	/* Unix, SO_PEERCRED */
	LISTENER_TLS,		/* TCP, mutual TLS 1.3 */
	LISTENER_METRICS,	/* Unix */
	LISTENER_ADMIN,		/* Unix, the desk's */
};

enum verify_mode {
	VERIFY_ALWAYS,
	VERIFY_SAMPLED,		/* the first after each opening, then one in 64 */
};

struct config_listener {
	const char	*path;		/* of the socket */
	mode_t		 mode;
};

struct config_client {
	const char	*name;		/* what the policy calls it */
	const int64_t	*uids;		/* of a Unix peer */
	size_t		 uid_count;
	const char *const *sans;	/* "URI:…" or "DNS:…" of a certificate */
	size_t		 san_count;
};

struct config_key {
	enum key_use	 use;
	const char	*label;		/* CKA_LABEL */
	struct view	 id;		/* CKA_ID */
	const char	*certificate;	/* PEM; NULL for the log key */
	const char	*public_key;	/* PEM SubjectPublicKeyInfo */
	enum verify_mode verify;
};

struct config_variable {
	const char	*name, *value;
};

struct config {
	const char	*origin;	/* of the log, e.g. "okse.example/log" */
	const char	*issuer;	/* URI, "iss" of what we sign */
	const char	*state;		/* directory of the daemon's own files */
	struct config_listener api, metrics, admin;
	struct {
		const char	*address;	/* NULL: no TLS; "ip:port" */
		const char	*certificate, *key, *client_ca;
	} tls;
	const struct config_client *clients;
	size_t		 client_count;
	struct {
		const char	*uri;		/* RFC 7512 */
		const char	*init_args;	/* or NULL */
		const struct config_variable *environment;
		size_t		 environment_count;
		const char *const *writable;	/* directories the module writes */
		size_t		 writable_count;
		int64_t		 keyholders;	/* 1 … 64 */
		int64_t		 deadline;	/* seconds for an answer */
	} token;
	const struct config_key *keys;
	size_t		 key_count;
	const char	*registry;	/* path of the SQLite file */
	const char	*log;		/* directory of the published log */
	const char	*policy;	/* directory */
	const char	*ca;		/* PEM of the issuing CA */
	const char	*quorum;	/* quorum.txt of the ceremony */
	const char	*transcript;	/* of the ceremony, or NULL */
	struct {
		int64_t	connections, in_flight, per_client;
	} limits;
};

/* name is used in messages: "okse.yaml:12:3: expected …". */
[[nodiscard]] enum err config_parse(const char *name, struct view text,
    struct config **out_config);
void config_free(struct config *c);
AUTO_STRUCT(config);

/* The key of a use, or NULL. */
const struct config_key *config_key(const struct config *c, enum key_use u);

#endif
