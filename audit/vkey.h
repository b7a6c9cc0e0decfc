/*
 * Verifier keys of signed notes (C2SP signed-note, tlog-cosignature):
 *
 *	<name>+<key id, 8 lower-case hex>+<base64 of type || key material>
 *
 * type 01 Ed25519 (32 bytes), 02 ECDSA P-256 (SPKI in DER), 04 cosignature/v1
 * (Ed25519, 32 bytes). Other types are ERR_UNSUPPORTED.
 */
#ifndef OKSE_AUDIT_VKEY_H
#define OKSE_AUDIT_VKEY_H

#include "base/crypto.h"

#define VKEY_NAME_MAX 255
#define VKEY_ID_SIZE 4

enum vkey_type {
	VKEY_ED25519 = 1,
	VKEY_ECDSA = 2,
	VKEY_COSIGNATURE = 4,
};

struct vkey;
void vkey_free(struct vkey *k);
AUTO_STRUCT(vkey);

/*
 * Reads a vkey text without a line end; the key id must be the right one.
 * ERR_SYNTAX, ERR_UNSUPPORTED, ERR_MISMATCH (id)
 */
[[nodiscard]] enum err vkey_get(struct view text, struct vkey **out_key);
/* material: 32 bytes, or SPKI in DER for VKEY_ECDSA */
[[nodiscard]] enum err vkey_new(struct view name, enum vkey_type type,
    struct view material, struct vkey **out_key);
/*
 * That of a key: Ed25519, or P-256 as VKEY_ECDSA. ERR_UNSUPPORTED for others.
 */
[[nodiscard]] enum err vkey_of_key(struct view name, EVP_PKEY *key,
    struct vkey **out_key);
/* Reads a file that holds one vkey and at most one line end. */
[[nodiscard]] enum err vkey_read(const char *path, struct vkey **out_key);

void vkey_put(const struct vkey *k, struct bytes *out);	/* no line end */
/* The last part alone: base64 of type || key material. */
void vkey_put_key(const struct vkey *k, struct bytes *out);
/* A key of this name, its last part given. ERR_SYNTAX, ERR_UNSUPPORTED */
[[nodiscard]] enum err vkey_get_key(struct view name, struct view key,
    struct vkey **out_key);
struct hash vkey_hash(const struct vkey *k);	/* SHA-256 of its text */
struct view vkey_name(const struct vkey *k);
struct view vkey_id(const struct vkey *k);		/* 4 bytes */
enum vkey_type vkey_type(const struct vkey *k);
/* The same public key, whatever names and types wrap it. */
bool vkey_same_key(const struct vkey *a, const struct vkey *b);

/* 1 … 255 visible ASCII characters but '+': stricter than signed-note. */
bool vkey_name_valid(struct view name);

/*
 * Verifies what follows the key id in a signature line over the text of a
 * note: ERR_SIGNATURE. *out_time is the time of a cosignature in seconds, 0
 * for the other types.
 */
[[nodiscard]] enum err vkey_verify(const struct vkey *k, struct view text,
    struct view signature, uint64_t *out_time);

/* The bytes a cosignature/v1 signs: a witness signs these. */
void vkey_cosignature_message(struct bytes *out, uint64_t time,
    struct view text);

#endif
