/*
 * The roster: which officers there are, by seat, the public key each signs
 * with, and how many of them must agree (roster.txt describes the file). It
 * comes out of a ceremony, whose transcript has its hash.
 */
#ifndef OKSE_QUORUM_ROSTER_H
#define OKSE_QUORUM_ROSTER_H

#include "base/crypto.h"
#include "quorum/quorum.h"

#define ROSTER_SEATS SHARE_MAX

enum officer_algorithm {
	OFFICER_ED25519 = 1,	/* RFC 8032, 64 bytes */
	OFFICER_P256,		/* ECDSA with SHA-256, DER, low s */
};

struct officer {
	char			 name[QUORUM_NAME_SIZE];
	enum officer_algorithm	 algorithm;
	EVP_PKEY		*key;		/* public */
};

/* All zero is empty; officer x sits at [x - 1]. */
struct roster {
	unsigned int	threshold;	/* 2 … count */
	unsigned int	count;
	struct officer	officers[ROSTER_SEATS];
};

void roster_done(struct roster *r);

/* "ed25519", "p256"; the algorithm of a key, ERR_UNSUPPORTED for others. */
const char *officer_algorithm_name(enum officer_algorithm a);
[[nodiscard]] enum err officer_algorithm_of(EVP_PKEY *key,
    enum officer_algorithm *out);

/*
 * A public key as the roster has it: SubjectPublicKeyInfo in DER, in base64,
 * P-256 points uncompressed. ERR_SYNTAX, ERR_UNSUPPORTED; one key has one
 * text. out->name is left alone.
 */
[[nodiscard]] enum err officer_key_get(struct view base64,
    struct officer *out);
[[nodiscard]] enum err officer_key_put(const struct officer *o,
    struct bytes *out);

/*
 * One roster has one text: what roster_get() accepts, roster_put() writes
 * back byte for byte. ERR_SYNTAX, ERR_RANGE; ERR_EXISTS: two seats have one
 * key or one name; ERR_UNSUPPORTED: another version or kind of key.
 */
[[nodiscard]] enum err roster_get(struct view text, struct roster *out);
[[nodiscard]] enum err roster_put(const struct roster *r, struct bytes *out);
/* The same from a file; its path begins the message. */
[[nodiscard]] enum err roster_read(const char *path, struct roster *out);

#endif
