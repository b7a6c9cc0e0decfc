/*
 * okse.yaml, read once by the supervisor and given to every role as text.
 * Described for operators in docs/man/okse.yaml.5.
 */
#ifndef OKSE_SIGNER_CONFIG_H
#define OKSE_SIGNER_CONFIG_H

#include "credential/draft.h"
#include "policy/yaml.h"

enum listener {
	LISTENER_API = 1,	/* Unix, SO_PEERCRED */
	LISTENER_TLS,		/* TCP, mutual TLS 1.3 */
	LISTENER_METRICS,	/* Unix */
	LISTENER_ADMIN,		/* Unix, the desk's */
};

enum verify_mode {
	VERIFY_ALWAYS,
	VERIFY_SAMPLED,		/* the first of each opening, then one in 64 */
};

struct config_listener {
	const char	*path;		/* of the socket */
	int		 access;	/* its mode */
};

struct config_tls {
	const char	*address;	/* "ip:port"; NULL: no TLS */
	const char	*certificate, *key, *client_ca;
};

struct config_listen {
	struct config_listener	api, metrics, admin;
	struct config_tls	tls;
};

struct config_client {
	const char	*name;			/* what the policy calls it */
	YAML_ARRAY(int64_t) uids;		/* of a Unix peer */
	YAML_ARRAY(const char *) sans;		/* "URI:…", "DNS:…" */
};

struct config_variable {
	const char	*name, *value;
};

struct config_token {
	const char	*uri;			/* RFC 7512 */
	const char	*init_args;		/* or NULL */
	YAML_ARRAY(struct config_variable) environment;
	YAML_ARRAY(const char *) writable;	/* directories of the module */
	YAML_ARRAY(const char *) unreadable;	/* attributes it keeps back */
	int64_t		 keyholders;		/* 1 … 64 */
	int64_t		 deadline;		/* seconds for an answer */
};

struct config_key {
	int		 use;		/* enum key_use */
	const char	*label;		/* CKA_LABEL */
	const char	*id_hex;	/* CKA_ID as written */
	struct view	 id;		/* CKA_ID */
	const char	*certificate;	/* PEM; NULL for the log key */
	const char	*public_key;	/* PEM SubjectPublicKeyInfo */
	int		 verify;	/* enum verify_mode */
	/* what it serves; nothing named: all */
	YAML_ARRAY(const char *) programmes, formats;
};

#define CONFIG_KEYS 32

struct config_card_ca {
	const char	*certificate;		/* PEM */
	YAML_ARRAY(const char *) programmes;	/* whose cards it certifies */
};

#define CONFIG_CARD_CAS 16

/* Who attests keys of devices: a CA, or a key by its name. */
struct config_attester {
	const char	*certificate;		/* PEM of the CA */
	const char	*kid, *public_key;	/* or both of these */
};

struct config_status_lists {
	const char	*uri;		/* of all: "/" and a number follow */
	int64_t		 entries;	/* of each list */
	int64_t		 ttl, lifetime;	/* seconds */
};

enum at_unseal {
	AT_UNSEAL_QUORUM,	/* a quorum must agree, or it stays sealed */
	AT_UNSEAL_ANY,		/* nobody may object; nobody needs to answer */
};

/* How officers give their shares. */
enum unseal_form {
	UNSEAL_OFFICERS,	/* encrypted and signed, by statement */
	UNSEAL_LINES,		/* also as plain lines: for practice only */
};

/* All durations in seconds. */
struct config_witnesses {
	const char	*policy;	/* a trust policy; NULL: no witnesses */
	const char	*ca;		/* PEM of TLS roots, or NULL */
	int64_t		interval;	/* between two checkpoints */
	int64_t		timeout;	/* for one answer of a witness */
	int64_t		patience;	/* a checkpoint waits for the quorum */
	int64_t		lost_after;	/* without a cosignature of one */
	int64_t		stop_after;	/* without the quorum */
	int		at_unseal;	/* enum at_unseal */
};

struct config_limits {
	int64_t	connections;		/* of all clients */
	int64_t	per_client;		/* connections of one */
	int64_t	in_flight;		/* requests */
};

struct config {
	const char	*origin;	/* of the log: "okse.example/log" */
	const char	*issuer;	/* URI, "iss" of what we sign */
	const char	*credential_endpoint;	/* of wallets; or NULL */
	const char	*state;		/* directory of the daemon's files */
	struct config_listen listen;
	YAML_ARRAY(struct config_client) clients;
	struct config_token token;
	YAML_ARRAY(struct config_key) keys;
	int64_t		 signer_lead;	/* s a certificate waits, below */
	const char	*registry;	/* SQLite's file, or postgresql://… */
	const char	*log;		/* directory of the published log */
	const char	*policy;	/* directory of bundles, by serial */
	const char	*roster;	/* roster.txt of the ceremony */
	const char	*key_register;	/* its register.txt */
	const char	*ca;		/* PEM of the issuing CA */
	YAML_ARRAY(struct config_card_ca) card_cas;	/* for ic-card */
	YAML_ARRAY(struct config_attester) attesters;
	const char	*quorum;	/* quorum.txt of the ceremony */
	const char	*transcript;	/* of the ceremony, or NULL */
	struct config_status_lists status_lists;	/* complete */
	struct config_limits limits;
	struct config_witnesses witnesses;
	int		unseal;		/* enum unseal_form */
	struct hash	hash;		/* SHA-256 of the file */
	struct yaml_doc	*document;	/* owns all of the above */
};

/* name is used in messages: "okse.yaml:12:3: expected …". */
[[nodiscard]] enum err config_parse(const char *name, struct view text,
    struct config **out_config);
void config_free(struct config *c);
AUTO_STRUCT(config);

/* The first key of a use, or NULL. */
const struct config_key *config_key(const struct config *c, enum key_use u);

#endif
