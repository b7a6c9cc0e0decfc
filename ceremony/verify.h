/*
 * A ceremony's directory as evidence, and the parts of ceremony_examine():
 * verify.c has the order, verify_people.c what people signed, verify_files.c
 * what the files say.
 */
#ifndef OKSE_CEREMONY_VERIFY_H
#define OKSE_CEREMONY_VERIFY_H

#include "ceremony/participant.h"
#include "ceremony/transcript.h"
#include "pkcs11/register.h"

/* A ceremony's directory under examination. */
struct evidence {
	const char		*dir;
	struct bytes		 transcript;	/* what records point into */
	struct records		 records;
	enum script_mode	 mode;
	struct script		*script;
	struct hash		 script_hash;
	struct participants	 participants;	/* evidence_people() */
	uint8_t			 id[SHARE_ID_SIZE];
	int64_t			 day;
	enum verdict		 otherwise;	/* if the next check fails */
	size_t			 disagree;	/* verdicts */
	size_t			 files;		/* FILE records borne out */
	struct key_register	 before;	/* of the ceremony before */
	struct quorum		 quorum, backup_quorum;
	EVP_PKEY		*keys[CEREMONY_KEYS];
	X509			*certificates[SCRIPT_CERTIFICATES];
};

void evidence_done(struct evidence *v);

/*
 * Reads transcript and script of v->dir, ended or not: chain, order, form.
 * root: the hash of the last record, when the caller knows it, or NULL.
 * ERR_CORRUPT, ERR_MISMATCH, ERR_SCHEMA.
 */
[[nodiscard]] enum err evidence_load(struct evidence *v,
    const struct hash *root);
/*
 * Who took part, as the PARTICIPANT records say: the script's people, in
 * production with the script's keys, no key twice. Nobody is present yet.
 */
[[nodiscard]] enum err evidence_people(struct evidence *v);
/*
 * Follows the records: every signature verifies, who confirms is present.
 * Afterwards those are present who were at the end.
 */
[[nodiscard]] enum err evidence_signatures(struct evidence *v);
/* What a ceremony that continues another began with, into v. */
[[nodiscard]] enum err evidence_previous(struct evidence *v);
/* The keys that another node brought, into v. */
[[nodiscard]] enum err evidence_node(struct evidence *v);
/* The register as it is after so many steps of the script. */
[[nodiscard]] enum err evidence_register(const struct evidence *v,
    size_t steps, struct key_register *out);
/* A public key by its label, a certificate by its path, from their files. */
[[nodiscard]] enum err evidence_public(struct evidence *v, const char *label,
    EVP_PKEY **out);
[[nodiscard]] enum err evidence_pem(struct evidence *v, const char *path,
    X509 **out);
/* The key and the certificate at an index of the script, into v. */
[[nodiscard]] enum err evidence_key(struct evidence *v, size_t at);
[[nodiscard]] enum err evidence_certificate(struct evidence *v, size_t at);

/* dir/path, appended, as one FILE record says: ERR_MISMATCH, ERR_NOT_FOUND */
[[nodiscard]] enum err evidence_read(struct evidence *v, const char *path,
    struct bytes *out);
/*
 * The one record of a type whose pair key=value is this; key NULL: the one
 * record of its type. ERR_NOT_FOUND, ERR_EXISTS when there are several.
 */
[[nodiscard]] enum err evidence_find(const struct evidence *v,
    enum record_type type, const char *key, const char *value,
    const struct record **out);
/* Its value is this; ERR_MISMATCH. */
[[nodiscard]] enum err record_says(const struct record *r, const char *key,
    struct view value);
[[nodiscard]] enum err record_says_hex(const struct record *r,
    const char *key, struct view value);
[[nodiscard]] enum err record_says_int(const struct record *r,
    const char *key, uint64_t value);

struct ceremony_listener;

[[nodiscard]] enum err verify_people(struct evidence *v);
/* What everybody present said and signed at the end, counted. */
[[nodiscard]] enum err verify_verdicts(struct evidence *v,
    const struct ceremony_listener *l);
/* A quorum for every critical step; the steps are the script's. */
[[nodiscard]] enum err verify_agreement(const struct evidence *v);
[[nodiscard]] enum err verify_roster(struct evidence *v);
[[nodiscard]] enum err verify_quorum(struct evidence *v);
[[nodiscard]] enum err verify_keys(struct evidence *v);
/*
 * Keys that were wrapped: the copies are of them, were proven before the keys
 * were sealed, and what was sealed refuses to leave (verify_backup.c).
 */
[[nodiscard]] enum err verify_backups(struct evidence *v);
/* The records of a copy on a medium, on a token; what they say of the key. */
[[nodiscard]] enum err evidence_wrapped(const struct evidence *v,
    const char *label, unsigned int medium, struct hash *out);
[[nodiscard]] enum err evidence_restored(const struct evidence *v,
    const char *label, const struct record **out);
/* A text, or bytes in hexadecimal, of a record. */
[[nodiscard]] enum err record_take(const struct record *r, const char *key,
    char *out, size_t size);
[[nodiscard]] enum err record_take_hex(const struct record *r,
    const char *key, uint8_t *out, size_t size);
/* Every "CKA_SENSITIVE:1" of the list is among the record's attributes. */
[[nodiscard]] enum err record_attributes(const struct record *r,
    const char *const *wanted);
[[nodiscard]] enum err verify_certificates(struct evidence *v);
[[nodiscard]] enum err verify_log_key(struct evidence *v);
[[nodiscard]] enum err verify_register(struct evidence *v);
[[nodiscard]] enum err verify_crls(struct evidence *v);
[[nodiscard]] enum err verify_policies(struct evidence *v);
[[nodiscard]] enum err verify_possession(const struct evidence *v);

#endif
