/*
 * What only a ceremony does to a token: initialise it, make keys in it, take
 * random numbers from it. Kept from pkcs11/token.h and in files of its own
 * (init.c, generate.c), so that a program which does not call these functions
 * does not contain them either. Errors as in pkcs11/token.h.
 */
#ifndef OKSE_PKCS11_GENERATE_H
#define OKSE_PKCS11_GENERATE_H

#include "pkcs11/token.h"

/*
 * Initialises the one blank token that the URI's serial, manufacturer and
 * model match (C_InitToken, then C_InitPIN), gives it the URI's label, and
 * says what it has become: the serial may be new, and so is the slot.
 * The module must not be in use (no token open). Never initialises a token
 * again: ERR_NOT_FOUND without a blank one, ERR_MISMATCH with several,
 * ERR_EXISTS when a token has this label already.
 */
[[nodiscard]] enum err token_initialise(const struct token_uri *uri,
    const struct token_options *options, const struct secret *so_pin,
    const struct secret *user_pin, struct token_identity *out);

/*
 * The blank token that token_initialise() would take, looked at and left as it
 * is: write down which it is before it changes. Errors as there.
 */
[[nodiscard]] enum err token_find_blank(const struct token_uri *uri,
    const struct token_options *options, struct token_identity *out);

/*
 * After a crash in token_initialise(): the token has the label already; gives
 * it the user's PIN when it has none. Whether its PINs are these, the next
 * login says. ERR_NOT_FOUND, ERR_MISMATCH (several tokens of this label).
 */
[[nodiscard]] enum err token_initialise_rest(const struct token_uri *uri,
    const struct token_options *options, const struct secret *so_pin,
    const struct secret *user_pin, struct token_identity *out);

/*
 * Gives the token that the URI names other PINs: the user's, then the security
 * officer's. old and new are the two of each. The module must not be in use.
 * After a crash call it again: a PIN that is the new one already is left. At
 * most one attempt with a PIN that is not the token's, of each, and only then.
 */
struct token_pins {
	const struct secret	*user, *so;
};
[[nodiscard]] enum err token_change_pins(const struct token_uri *uri,
    const struct token_options *options, const struct token_pins *old,
    const struct token_pins *fresh);

/* One attribute as the token reports it, for the ceremony's record. */
struct key_attribute {
	const char	*name;		/* "CKA_SENSITIVE" */
	bool		 readable;
	unsigned long	 value;		/* 0, 1, or a mechanism's number */
};

#define KEY_ATTRIBUTES 18

struct key_record {
	EVP_PKEY		*public_key;
	struct key_attribute	 attributes[KEY_ATTRIBUTES];
};

void key_record_done(struct key_record *r);

/*
 * Makes a key pair (KEY_P256 or KEY_ED25519) with the attributes of an issuing
 * key, reads them back, and has the new key sign. Needs a login. out is
 * released by key_record_done().
 * ERR_EXISTS: any object has the label or the id already; nothing was made.
 * After any other failure a key or half of a pair may exist: what then stands
 * in the token is for the ceremony to record and its officers to destroy.
 * ERR_MISMATCH: the token made something else than what was asked for.
 */
[[nodiscard]] enum err token_generate(struct token *t, enum key_type type,
    const char *label, struct view id, struct key_record *out);

/*
 * The same for a key that is to be backed up (pkcs11/backup.h): until it is
 * sealed it may be wrapped, and it is not a key to sign with.
 */
[[nodiscard]] enum err token_generate_wrappable(struct token *t,
    enum key_type type, const char *label, struct view id,
    struct key_record *out);

/*
 * After a crash in token_generate(): how many objects of this label and id
 * there are, 0, 1 (half a pair) or 2. ERR_MISMATCH: more, or an object has one
 * of the two without the other.
 */
[[nodiscard]] enum err token_made(struct token *t, enum key_type type,
    const char *label, struct view id, size_t *out_objects);
/* A whole pair that was made before, looked at as token_generate() does. */
[[nodiscard]] enum err token_take_over(struct token *t, enum key_type type,
    const char *label, struct view id, struct key_record *out);
[[nodiscard]] enum err token_take_over_wrappable(struct token *t,
    enum key_type type, const char *label, struct view id,
    struct key_record *out);
/*
 * Destroys one object of this label and id, the private half first, and makes
 * sure that it is gone: call it as often as there are objects. ERR_NOT_FOUND:
 * there is none.
 */
[[nodiscard]] enum err token_destroy_one(struct token *t,
    enum key_type type, const char *label, struct view id);

/*
 * The public key that belongs to label and id, as the token tells it: for a
 * record or a comparison, not for trust. ERR_NOT_FOUND, ERR_MISMATCH (two).
 */
[[nodiscard]] enum err token_read_public(struct token *t, enum key_type type,
    const char *label, struct view id, EVP_PKEY **out_key);

/* C_GenerateRandom; mix it with random_bytes() before use. */
[[nodiscard]] enum err token_random(struct token *t, uint8_t *out, size_t len);

#endif
