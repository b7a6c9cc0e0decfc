/*
 * Names made with keys that exist only while the daemon is open. What goes in
 * comes from clients and leaves only as a keyed hash. Next: facts.c, retry.c.
 */
#include "signer/notary/pseudonym.h"

#include <string.h>

enum part { PART_PSEUDONYM, PART_NONCE, PART_SEED };

struct keys {
	struct secret	*secret;
};

enum err
keys_new(struct view body, struct keys **out_keys)
{
	AUTO(keys) k = mem_new(1, sizeof(*k));

	if (k == NULL)
		return err_because(ERR_MEMORY, "the notary's keys");
	if (body.len != KEYS_SIZE)
		return err_because(ERR_RANGE,
		    "keys: %d bytes expected, got %zu", KEYS_SIZE, body.len);
	TRY(secret_new(KEYS_SIZE, &k->secret));
	memcpy(secret_at(k->secret), body.at, KEYS_SIZE);
	*out_keys = STEAL(k);
	return ERR_OK;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	secret_free(k->secret);
	mem_free(k);
}

static struct view
key(const struct keys *k, enum part part)
{
	return VIEW(secret_peek(k->secret) + (size_t)part * KEYS_PART,
	    KEYS_PART);
}

static struct handle
shorten(struct hash h)
{
	struct handle out;

	memcpy(out.at, h.at, sizeof(out.at));
	return out;
}

/* The label goes in with its final NUL, which no label or text contains. */
static struct handle
pseudonym(const struct keys *k, const char *label, struct view text)
{
	return shorten(hmac_sha256(key(k, PART_PSEUDONYM),
	    VIEW(label, strlen(label) + 1), text));
}

struct handle
pseudonym_holder(const struct keys *k, struct view number)
{
	return pseudonym(k, "holder", number);
}

struct handle
pseudonym_device(const struct keys *k, struct view id)
{
	return pseudonym(k, "device", id);
}

struct handle
pseudonym_key(const struct keys *k, const uint8_t point[P256_POINT_SIZE])
{
	return pseudonym(k, "key", VIEW(point, P256_POINT_SIZE));
}

struct handle
pseudonym_retry(const struct keys *k, struct view caller,
    struct view idempotency_key)
{
	struct handle who = pseudonym(k, "caller", caller);

	/* the caller's part has one length: no two pairs are the same text */
	return shorten(hmac_sha256(key(k, PART_PSEUDONYM), VIEW_OF(who.at),
	    idempotency_key));
}

struct handle
pseudonym_quota(const struct keys *k, struct view counter)
{
	return pseudonym(k, "quota", counter);
}

struct handle
pseudonym_request(const struct keys *k, struct view frame)
{
	return pseudonym(k, "request", frame);
}

struct hash
keys_seed(const struct keys *k, const struct handle *stored,
    const char *purpose)
{
	return hmac_sha256(key(k, PART_SEED),
	    VIEW(purpose, strlen(purpose) + 1), VIEW_OF(stored->at));
}

struct handle
keys_nonce_tag(const struct keys *k, struct view nonce, struct view caller)
{
	return shorten(hmac_sha256(key(k, PART_NONCE), nonce, caller));
}
