/*
 * The notary's keys, which exist only while the daemon is open, and the names
 * it makes with them. A holder's number, a device's id and an Idempotency-Key
 * are never stored: only these 16 bytes are.
 *
 * HMAC-SHA256(key, label 00 text)[0:16] with the labels "holder", "device",
 * "key", "quota" and "request"; for a retry HMAC-SHA256(key, C ||
 * Idempotency-Key)[0:16], where C is the 16 bytes of the label "caller".
 */
#ifndef OKSE_SIGNER_NOTARY_PSEUDONYM_H
#define OKSE_SIGNER_NOTARY_PSEUDONYM_H

#include "signer/notary/registry.h"

#define KEYS_PART 32
#define KEYS_SIZE (3 * KEYS_PART)	/* pseudonyms, nonces, seeds */

struct keys;

/* From the body of OPEN. ERR_RANGE unless it is KEYS_SIZE bytes. */
[[nodiscard]] enum err keys_new(struct view body, struct keys **out_keys);
void keys_free(struct keys *k);
AUTO_STRUCT(keys);

struct handle pseudonym_holder(const struct keys *k, struct view number);
struct handle pseudonym_device(const struct keys *k, struct view id);
struct handle pseudonym_key(const struct keys *k,
    const uint8_t point[P256_POINT_SIZE]);
/* Of caller and Idempotency-Key. */
struct handle pseudonym_retry(const struct keys *k, struct view caller,
    struct view idempotency_key);
/* Of what a counter counts. */
struct handle pseudonym_quota(const struct keys *k, struct view counter);
/* Of request_frame(): the same request again, or another one? */
struct handle pseudonym_request(const struct keys *k, struct view frame);

/* What salts and ids of one issue come from; wiped by the caller. */
struct hash keys_seed(const struct keys *k, const struct handle *stored,
    const char *purpose);
/* The first 16 bytes of an HMAC with the nonce key. */
struct handle keys_nonce_tag(const struct keys *k, struct view nonce,
    struct view caller);

#endif
