/*
 * Splitting one 32-byte secret among officers (Shamir 1979 over GF(2^8)) so
 * that any `threshold` of them open it and fewer learn nothing, and the public
 * record that tells a right share from a wrong one before anything is opened.
 *
 * The commitments hide: secret and shares are uniform 256-bit values.
 *	C_x = SHA-256("kc/share/v1" || set_id || x || value)
 *	C_S = SHA-256("kc/secret/v1" || set_id || secret)
 * They catch damage and swapped shares; a dealer who splits inconsistently is
 * caught by combining every quorum in the ceremony (step prove-quorums).
 */
#ifndef OKSE_QUORUM_QUORUM_H
#define OKSE_QUORUM_QUORUM_H

#include "base/crypto.h"
#include "quorum/share.h"

#define QUORUM_CARRIED 48	/* the root and its tag */
#define QUORUM_NAME_SIZE 65	/* an officer's name in UTF-8, with its NUL */

/* Public: written as quorum.txt, read by the daemon before it unseals. */
struct quorum {
	uint8_t		set_id[SHARE_ID_SIZE];
	uint8_t		ceremony_id[SHARE_ID_SIZE];
	unsigned int	threshold;
	unsigned int	count;
	struct hash	secret;				/* C_S */
	struct hash	shares[SHARE_MAX];		/* C_x, x - 1 */
	char		officers[SHARE_MAX][QUORUM_NAME_SIZE];
	bool		carries;	/* the root of the quorum before */
	uint8_t		carried[QUORUM_CARRIED];
};

/*
 * The root: what everything but PINs is derived from. Of the first quorum it
 * is the secret itself; when officers change it stays, carried along under the
 * new secret, so that what was derived from it stays too:
 *
 *	carried = AES-256-GCM(key, nonce of 12 zeros, set_id, root) || tag
 *	key     = derive_key(new secret, "carry"), used this once
 *
 * A secret opened from q gives its root. ERR_CORRUPT: carried is not of it.
 */
[[nodiscard]] enum err quorum_root(const struct quorum *q,
    const struct secret *secret, struct secret **out_root);
/* Puts a root into q, which was split for secret. */
[[nodiscard]] enum err quorum_carry(struct quorum *q,
    const struct secret *secret, const struct secret *root);

/* UTF-8, 1 to 64 bytes, no control characters, no blank at either end. */
bool quorum_name_fits(struct view name);

/*
 * Splits secret (32 bytes, uniformly random) into plan->count shares, of which
 * plan->threshold open it. plan says ceremony_id, threshold, count and
 * officers; set_id and commitments are made here. out_shares has room for
 * plan->count empty shares, each to be released by share_done(), on failure
 * too. ERR_RANGE: 2 <= threshold <= count <= SHARE_MAX does not hold, an
 * officer's name does not fit, or the secret is not 32 bytes. ERR_SYSTEM: no
 * randomness.
 */
[[nodiscard]] enum err quorum_split(const struct secret *secret,
    const struct quorum *plan, struct quorum *out_quorum,
    struct share *out_shares);

/*
 * The same, and the polynomials also depend on seed (32 bytes, from somewhere
 * else than random_bytes()): they are as good as the better of the two.
 */
[[nodiscard]] enum err quorum_split_seeded(const struct secret *secret,
    const struct secret *seed, const struct quorum *plan,
    struct quorum *out_quorum, struct share *out_shares);

/*
 * Is this one of the shares that were made? ERR_RANGE: its seat is not in the
 * quorum; ERR_MISMATCH: of another set or ceremony, or not the value that this
 * seat was given. The message names the seat and its officer.
 */
[[nodiscard]] enum err quorum_check_share(const struct quorum *q,
    const struct share *s);

/*
 * The secret from count shares, checked against C_S before it is returned.
 * Every share is checked as above first. ERR_RANGE: fewer than threshold, or
 * more than there are seats; ERR_EXISTS: a seat twice; ERR_MISMATCH: shares
 * beyond the threshold off the polynomial, or the result is not the secret.
 */
[[nodiscard]] enum err quorum_combine(const struct quorum *q,
    const struct share *shares, size_t count, struct secret **out_secret);

/*
 * The record as text (quorum.txt describes it). One record has one text: what
 * quorum_get() accepts, quorum_put() writes back byte for byte.
 */
[[nodiscard]] enum err quorum_put(const struct quorum *q, struct bytes *out);
[[nodiscard]] enum err quorum_get(struct view text, struct quorum *out_quorum);

/* quorum_write: created durably, mode 0644; ERR_EXISTS when it is there. */
[[nodiscard]] enum err quorum_write(const char *path, const struct quorum *q);
[[nodiscard]] enum err quorum_read(const char *path,
    struct quorum *out_quorum);

#endif
