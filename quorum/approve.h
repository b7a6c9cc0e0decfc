/*
 * The officer's side: keys of their own, and signing with them. For tools;
 * nothing of the daemon uses it.
 */
#ifndef OKSE_QUORUM_APPROVE_H
#define OKSE_QUORUM_APPROVE_H

#include "quorum/approval.h"

/* A new Ed25519 key. */
[[nodiscard]] enum err officer_key_new(EVP_PKEY **out_key);
/* PEM (PKCS #8), created with mode 0600; ERR_EXISTS. */
[[nodiscard]] enum err officer_key_write(const char *path, EVP_PKEY *key);
/* Asks for the passphrase of an encrypted one on the terminal. */
[[nodiscard]] enum err officer_key_read(const char *path,
    EVP_PKEY **out_key);

/* One signature, as officer_verify() reads it; the key is Ed25519 or P-256. */
[[nodiscard]] enum err officer_sign(EVP_PKEY *key, struct view message,
    struct bytes *out_signature);

/*
 * Adds the signature of one officer over message (whose first line is domain)
 * to those in before, which must verify; before may be empty. ERR_NOT_FOUND:
 * no such seat; ERR_MISMATCH: the key is not the seat's; ERR_EXISTS: this
 * officer has signed.
 */
struct approve {
	const struct roster	*roster;
	const char		*domain;
	struct view		 message;
	struct view		 before;
};
[[nodiscard]] enum err approve(const struct approve *a, unsigned int seat,
    EVP_PKEY *key, struct bytes *out_text);

#endif
