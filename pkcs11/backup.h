/*
 * Backup of a key by wrapping, for ceremonies only: out of one token under a
 * key-encryption key (KEK), into another, and never in the clear between.
 *
 * The KEK is 32 bytes of AES key, rebuilt from its own shares. In a token it
 * is a session object which may wrap, or which may unwrap, and nothing else,
 * and is gone with the session. Wrapping is AES key wrap with padding (RFC
 * 5649, CKM_AES_KEY_WRAP_PAD) over PKCS#8: the same key under the same KEK is
 * the same bytes each time, and any software with that algorithm opens it.
 *
 * A key passes through these states: wrappable (token_generate_wrappable()),
 * then sealed; its copies are restored. Their attributes say so for ever:
 * CKA_NEVER_EXTRACTABLE is false of all, CKA_LOCAL and CKA_ALWAYS_SENSITIVE
 * are false of a restored one. SoftHSM 2.6.1 wraps no Ed25519 key.
 */
#ifndef OKSE_PKCS11_BACKUP_H
#define OKSE_PKCS11_BACKUP_H

#include "pkcs11/generate.h"

#define KEK_SIZE 32
#define KEK_CHECK_SIZE 3
#define WRAPPED_MAX 512		/* bytes of a wrapped key */

/*
 * Which KEK it is: the first bytes of what it makes of a block of zeros
 * (PKCS#11 v3.1 4.10.2, CKA_CHECK_VALUE). ERR_RANGE: not KEK_SIZE bytes.
 */
[[nodiscard]] enum err kek_check(const struct secret *kek,
    uint8_t out[KEK_CHECK_SIZE]);

/*
 * Wraps a wrappable key. Needs a login. ERR_MISMATCH: the token made of the
 * KEK something that may do more than wrap, or another key than it was given;
 * or the key's attributes are not those of a wrappable one.
 */
[[nodiscard]] enum err token_wrap(struct token *t, const struct secret *kek,
    const struct key_spec *spec, struct bytes *out_wrapped);

/*
 * Unwraps a key, with the attributes of an issuing key, makes its public half
 * and has it sign. spec->public_key is what it must be: ERR_SIGNATURE when it
 * is another, ERR_TOKEN when the token refuses the bytes; what was made is
 * destroyed then. ERR_EXISTS: label or id are taken.
 */
[[nodiscard]] enum err token_unwrap(struct token *t,
    const struct secret *kek, const struct key_spec *spec,
    struct view wrapped, struct key_record *out);

/*
 * After a crash in token_unwrap(): destroys every object of this label and
 * id. They are halves of a copy; never call it where the only key may be.
 */
[[nodiscard]] enum err token_unwrap_clear(struct token *t,
    const struct key_spec *spec);

/*
 * A wrappable key becomes one that nothing can take out any more: it is made
 * not extractable, which is read back, and a copy of it that cannot be
 * modified takes its place. After a crash call it again. ERR_MISMATCH: it is
 * not what it should be, before or after.
 */
[[nodiscard]] enum err token_seal(struct token *t,
    const struct key_spec *spec, struct key_record *out);

#endif
