/*
 * A ceremony's script: the only input of a ceremony, in strict YAML
 * (configs/ceremony/rehearsal.yaml is one). Everything read lives until
 * script_free().
 */
#ifndef OKSE_CEREMONY_SCRIPT_H
#define OKSE_CEREMONY_SCRIPT_H

#include "ceremony/ceremony.h"
#include "ceremony/certificate.h"
#include "policy/yaml.h"
#include "quorum/quorum.h"

#define SCRIPT_OFFICERS 16	/* all quorums are tried: at most C(16,8) */
#define SCRIPT_CERTIFICATES 8
#define SCRIPT_WITNESSES 8
#define SCRIPT_CRLS 4
#define SCRIPT_REVOKED 32
#define SCRIPT_POLICIES 8
#define SCRIPT_STEPS 64
#define SCRIPT_LOST 4

/* What a script may be used for; one for production is rehearsed as it is. */
enum script_mode { MODE_REHEARSAL = 1, MODE_PRODUCTION };
const char *script_mode_name(enum script_mode mode);	/* "rehearsal" */

enum script_role {
	ROLE_OFFICER, ROLE_AUDITOR, ROLE_WITNESS, ROLE_OPERATOR,
	ROLE_FORMER,	/* held a share until this ceremony */
};
const char *script_role_name(enum script_role role);	/* "officer" */

/*
 * key: the public key they sign with, SubjectPublicKeyInfo in base64 as in a
 * roster. card: RFC 7512 URI of the token that holds it, or NULL: a file.
 * Both are for production; a rehearsal makes practice keys.
 */
struct script_officer {
	int64_t		 seat;		/* 1 … n in order */
	const char	*name;
	const char	*key, *card;	/* or NULL */
	const char	*recipient;	/* certificate for their share */
};

struct script_witness {
	int		 role;		/* enum script_role, no officer */
	const char	*name;
	const char	*key, *card;	/* or NULL */
};

/* Whether a key can be had again when its token is lost. */
enum script_backup {
	BACKUP_NONE,	/* it never leaves the token: another one is made */
	BACKUP_WRAPPED,	/* it is wrapped once, proven elsewhere, and sealed */
};

/*
 * inherited: of the ceremony before, not made in this one. brought: of another
 * node's ceremony, in its token; certified here and nothing else.
 */
struct script_key {
	const char	*label;		/* in the token and as file name */
	int		 type;		/* enum key_type */
	int		 backup;	/* enum script_backup */
	bool		 inherited;
	bool		 brought;
};

struct script_certificate {
	const char		*name;		/* as file name */
	int			 profile;	/* enum profile_kind */
	struct yaml_reference	 key;		/* whose public key it holds */
	struct yaml_reference	 issuer;	/* itself: a root */
	struct {
		const char	*country;	/* ISO 3166-1 alpha-2 */
		const char	*state;		/* ISO 3166-2, or NULL */
		const char	*organisation;	/* or NULL */
		const char	*common_name;
	} subject;
	int64_t			 not_before;	/* 0: that day */
	int64_t			 days;
	const char		*contact;	/* URI, issuerAltName */
	const char		*crl;		/* URI, cRLDistributionPoints */
	bool			 inherited;	/* written as it was then */
};

struct script_revoked {
	struct yaml_reference	 certificate;	/* inherited */
	int			 reason;	/* CRLReason, RFC 5280 5.3.1 */
	int64_t			 on;		/* instant */
};

struct script_crl {
	const char		*name;		/* as file name */
	struct yaml_reference	 issuer;	/* certificate */
	int64_t			 number;	/* RFC 5280 5.2.3 */
	int64_t			 this_update;	/* 0: that day */
	int64_t			 days;		/* to nextUpdate */
	YAML_ARRAY(struct script_revoked) revoked;
};

/* A policy bundle whose manifest officers sign (policy/bundle.txt). */
struct script_policy {
	const char		*name;		/* as file name */
	const char		*bundle;	/* its directory */
	const char		*manifest;	/* its SHA-256, in hex */
};

struct script_step {
	struct yaml_reference	 step;		/* of the catalogue, steps.c */
	struct yaml_reference	 key;		/* .name NULL: none given */
	struct yaml_reference	 certificate;
	struct yaml_reference	 crl;
	struct yaml_reference	 policy;
};

struct script {
	int			 mode;		/* enum script_mode */
	const char		*name;
	bool			 continues;	/* a ceremony before this */
	/* a further node's: another token, with a register of its own */
	bool			 node;
	int64_t			 threshold;
	struct {
		int64_t	 from, to;	/* instants, from <= t < to */
	} window;			/* production: the day; 0, 0: none */
	int64_t			 rehearsed_within;	/* days */
	YAML_ARRAY(struct script_officer) officers;
	YAML_ARRAY(struct script_witness) witnesses;
	/* who holds the shares now, when the officers change; or none */
	YAML_ARRAY(struct script_officer) former;
	const char		*token;		/* label */
	struct {
		const char	*token;	/* where backups are proven, or NULL */
		int64_t		 media;	/* on so many they are kept */
	} backup;
	YAML_ARRAY(const char *)  lost;	/* labels of tokens that are */
	struct {
		struct yaml_reference	 key;	/* Ed25519 */
		struct yaml_reference	 ecdsa_key;	/* .name NULL: none */
		const char		*origin;
	} log;
	YAML_ARRAY(struct script_key) keys;
	YAML_ARRAY(struct script_certificate) certificates;
	YAML_ARRAY(struct script_crl) crls;
	YAML_ARRAY(struct script_policy) policies;
	YAML_ARRAY(struct script_step) steps;
	struct yaml_doc		*doc;		/* where all this lives */
};

/*
 * Reads and checks all but the order of steps (steps_check() does that).
 * name stands for the file in messages, which begin with file:line:column.
 * ERR_SCHEMA, ERR_SYNTAX, ERR_TOO_LARGE.
 */
[[nodiscard]] enum err script_parse(const char *name, struct view text,
    struct script **out_script);
void script_free(struct script *s);
AUTO_STRUCT(script);

/*
 * What a certificate must be, when the ceremony is held in this mode on the
 * day that begins at the instant `day`. Borrows the script's texts.
 */
struct certificate_plan script_plan(enum script_mode mode,
    const struct script_certificate *c, int64_t day);

/* Is it made in this ceremony, and to be backed up? Is any? */
bool script_key_wraps(const struct script_key *k);
bool script_wraps(const struct script *s);
/* Is there a step of this name? */
bool script_has_step(const struct script *s, const char *name);
/* Is any key brought from another node? */
bool script_brings(const struct script *s);

/* Index by label or name, or -1. */
int script_key_index(const struct script *s, const char *label);
int script_certificate_index(const struct script *s, const char *name);
int script_crl_index(const struct script *s, const char *name);
int script_policy_index(const struct script *s, const char *name);

#endif
