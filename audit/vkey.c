/*
 * Verifier keys. Texts come from files that auditors are handed; each type's
 * rules are one row of C2SP signed-note. Next in the flow: note.c.
 */
#include "audit/vkey.h"

#include <string.h>

#include "base/file.h"

struct vkey {
	enum vkey_type	type;
	struct bytes	name;
	struct bytes	material;
	uint8_t		id[VKEY_ID_SIZE];
	EVP_PKEY	*key;
};

void
vkey_free(struct vkey *k)
{
	if (k == NULL)
		return;
	bytes_done(&k->name);
	bytes_done(&k->material);
	EVP_PKEY_free(k->key);
	mem_free(k);
}

bool
vkey_name_valid(struct view name)
{
	if (name.len == 0 || name.len > VKEY_NAME_MAX)
		return false;
	/* UTF-8 beyond ASCII is allowed but for its spaces: take none of it */
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] >= 0x7f ||
		    name.at[i] == '+')
			return false;
	return true;
}

/* As DER has it, whole and in no other way: OpenSSL takes hybrid points. */
static enum err
read_spki(struct view der, EVP_PKEY **out_key)
{
	const uint8_t *at = der.at;
	AUTO(EVP_PKEY) key = d2i_PUBKEY(NULL, &at, (long)der.len);
	AUTO(EVP_PKEY) same = NULL;
	AUTO_DONE(bytes) again = { 0 };
	uint8_t point[P256_POINT_SIZE];

	if (key == NULL) {
		(void)err_openssl("SPKI");
		return err_because(ERR_SYNTAX,
		    "vkey: wanted one SubjectPublicKeyInfo in DER");
	}
	TRY(p256_point(key, point));
	TRY(p256_public(VIEW_OF(point), &same));
	TRY(public_der(same, &again));
	if (!view_equal(bytes_view(&again), der))
		return err_because(ERR_SYNTAX, "vkey: a P-256 key is named by "
		    "its curve and an uncompressed point (RFC 5480 2)");
	*out_key = STEAL(same);
	return ERR_OK;
}

static enum err
read_material(struct vkey *k)
{
	switch (k->type) {
	case VKEY_ED25519:
	case VKEY_COSIGNATURE:
		return ed25519_public(bytes_view(&k->material), &k->key);
	case VKEY_ECDSA:
		return read_spki(bytes_view(&k->material), &k->key);
	}
	return err_because(ERR_UNSUPPORTED, "vkey: signature type %u is not "
	    "01 (Ed25519), 02 (ECDSA) or 04 (cosignature)",
	    (unsigned int)k->type);
}

/* ECDSA ids are of the SPKI alone; the others bind name and type. */
static void
derive_id(struct vkey *k)
{
	AUTO_DONE(bytes) b = { 0 };
	struct hash h;

	if (k->type != VKEY_ECDSA) {
		bytes_put(&b, bytes_view(&k->name));
		bytes_put_u8(&b, '\n');
		bytes_put_u8(&b, (uint8_t)k->type);
	}
	h = sha256_2(bytes_view(&b), bytes_view(&k->material));
	memcpy(k->id, h.at, sizeof(k->id));
}

enum err
vkey_new(struct view name, enum vkey_type type, struct view material,
    struct vkey **out_key)
{
	AUTO(vkey) k = mem_new(1, sizeof(*k));

	if (k == NULL)
		return err_because(ERR_MEMORY, "no memory for a vkey");
	if (!vkey_name_valid(name))
		return err_because(ERR_SYNTAX, "vkey: a key name has 1 to %d "
		    "visible characters and no '+'", VKEY_NAME_MAX);
	k->type = type;
	bytes_put(&k->name, name);
	bytes_put(&k->material, material);
	TRY(bytes_check(&k->name));
	TRY(bytes_check(&k->material));
	TRY(read_material(k));
	derive_id(k);
	*out_key = STEAL(k);
	return ERR_OK;
}

enum err
vkey_of_key(struct view name, EVP_PKEY *key, struct vkey **out_key)
{
	AUTO_DONE(bytes) der = { 0 };
	uint8_t raw[ED25519_SIZE];
	size_t len = sizeof(raw);

	if (EVP_PKEY_is_a(key, "EC")) {
		TRY(public_der(key, &der));
		return vkey_new(name, VKEY_ECDSA, bytes_view(&der), out_key);
	}
	/* others have raw keys as well, X25519 of the same length */
	if (!EVP_PKEY_is_a(key, "ED25519"))
		return err_because(ERR_UNSUPPORTED, "vkey: wanted an Ed25519 "
		    "or P-256 key (C2SP signed-note)");
	if (EVP_PKEY_get_raw_public_key(key, raw, &len) != 1)
		return err_openssl("Ed25519 public key");
	return vkey_new(name, VKEY_ED25519, VIEW_OF(raw), out_key);
}

enum err
vkey_get_key(struct view name, struct view key, struct vkey **out_key)
{
	AUTO_DONE(bytes) raw = { 0 };

	TRY(base64_get(key, &raw));
	if (raw.len < 2)
		return err_because(ERR_SYNTAX, "vkey: no key material");
	return vkey_new(name, (enum vkey_type)raw.at[0],
	    VIEW(raw.at + 1, raw.len - 1), out_key);
}

enum err
vkey_get(struct view text, struct vkey **out_key)
{
	struct reader r = reader_of(text);
	struct view name = reader_until(&r, '+');
	struct view id_text = reader_until(&r, '+');
	AUTO_DONE(bytes) id = { 0 };
	AUTO(vkey) k = NULL;

	if (r.failed || id_text.len != 2 * (size_t)VKEY_ID_SIZE)
		return err_because(ERR_SYNTAX, "a vkey is <name>+<8 hex>+"
		    "<base64> (C2SP signed-note)");
	TRY(hex_get(id_text, &id));
	TRY(vkey_get_key(name, r.rest, &k));
	if (!view_equal(bytes_view(&id), vkey_id(k)))
		return err_because(ERR_MISMATCH,
		    "vkey: the key id is not that of its name and key");
	*out_key = STEAL(k);
	return ERR_OK;
}

enum err
vkey_read(const char *path, struct vkey **out_key)
{
	AUTO_DONE(bytes) b = { 0 };
	struct view text;

	TRY(file_read(path, 4096, &b));
	text = bytes_view(&b);
	if (text.len != 0 && text.at[text.len - 1] == '\n')
		text.len--;
	return vkey_get(text, out_key);
}

void
vkey_put_key(const struct vkey *k, struct bytes *out)
{
	AUTO_DONE(bytes) key = { 0 };

	bytes_put_u8(&key, (uint8_t)k->type);
	bytes_put(&key, bytes_view(&k->material));
	if (key.failed)
		out->failed = true;
	base64_put(out, bytes_view(&key));
}

void
vkey_put(const struct vkey *k, struct bytes *out)
{
	bytes_put(out, vkey_name(k));
	bytes_put_u8(out, '+');
	hex_put(out, vkey_id(k));
	bytes_put_u8(out, '+');
	vkey_put_key(k, out);
}

struct hash
vkey_hash(const struct vkey *k)
{
	AUTO_DONE(bytes) text = { 0 };

	vkey_put(k, &text);
	return sha256(bytes_view(&text));
}

struct view
vkey_name(const struct vkey *k)
{
	return bytes_view(&k->name);
}

struct view
vkey_id(const struct vkey *k)
{
	return VIEW_OF(k->id);
}

enum vkey_type
vkey_type(const struct vkey *k)
{
	return k->type;
}

bool
vkey_same_key(const struct vkey *a, const struct vkey *b)
{
	return EVP_PKEY_eq(a->key, b->key) == 1;
}

void
vkey_cosignature_message(struct bytes *out, uint64_t time, struct view text)
{
	bytes_printf(out, "cosignature/v1\ntime %llu\n",
	    (unsigned long long)time);
	bytes_put(out, text);
}

static enum err
verify_ed25519(const struct vkey *k, struct view text, struct view signature)
{
	if (signature.len != ED25519_SIGNATURE_SIZE)
		return err_because(ERR_SIGNATURE, "an Ed25519 signature has "
		    "64 bytes, got %zu", signature.len);
	return ed25519_verify(k->key, text, signature);
}

static enum err
verify_ecdsa(const struct vkey *k, struct view text, struct view signature)
{
	uint8_t raw[P256_SIGNATURE_SIZE];
	struct hash digest = sha256(text);

	if (p256_from_der(signature, raw) != ERR_OK)
		return err_because(ERR_SIGNATURE,
		    "ECDSA signature: not in DER (C2SP signed-note, type 2)");
	return p256_verify(k->key, &digest, VIEW_OF(raw));
}

static enum err
verify_cosignature(const struct vkey *k, struct view text,
    struct view signature, uint64_t *out_time)
{
	AUTO_DONE(bytes) message = { 0 };
	struct reader r = reader_of(signature);
	uint64_t time = reader_u64(&r);

	if (r.failed || time > INT64_MAX)
		return err_because(ERR_SIGNATURE, "a cosignature has a time "
		    "below 2^63 and 64 bytes, got %zu bytes (C2SP "
		    "tlog-cosignature)", signature.len);
	vkey_cosignature_message(&message, time, text);
	TRY(bytes_check(&message));
	TRY(verify_ed25519(k, bytes_view(&message), r.rest));
	*out_time = time;
	return ERR_OK;
}

enum err
vkey_verify(const struct vkey *k, struct view text, struct view signature,
    uint64_t *out_time)
{
	if (k->type == VKEY_COSIGNATURE)
		return verify_cosignature(k, text, signature, out_time);
	if (k->type == VKEY_ECDSA)
		TRY(verify_ecdsa(k, text, signature));
	else
		TRY(verify_ed25519(k, text, signature));
	*out_time = 0;
	return ERR_OK;
}
