/*
 * Tokens through PKCS#11: open a module, log in, find keys, sign with them.
 * The only code in this project that speaks Cryptoki. What makes and
 * initialises keys is in pkcs11/generate.h, so that the daemon has none of it.
 *
 * One process, one thread, one token of a module at a time. Start processes
 * before token_open(): a forked child inherits a logged-in token. End them
 * with _exit() or a signal, not with token_close(): to seal is to kill, since
 * C_Sign may succeed even after C_Logout.
 *
 * The environment steers modules (SoftHSM: SOFTHSM2_CONF, HOME; pkcs11-spy:
 * PKCS11SPY). The caller clears it and sets what it allows before
 * token_open().
 *
 * Errors of this folder, beside those each function names:
 *	ERR_PIN		the token refused the PIN: nobody may try again
 *	ERR_UNAVAILABLE	start race: close the token, wait a little, start over
 *	ERR_FULL	the token has no session left
 *	ERR_TOKEN	any other CK_RV; token_last_class() says what to do
 * Messages name the C_ function and the CKR constant.
 */
#ifndef OKSE_PKCS11_TOKEN_H
#define OKSE_PKCS11_TOKEN_H

#include "base/bytes.h"
#include "base/crypto.h"

/* ---- which token (uri.c) */

/* As in CK_TOKEN_INFO, without the blanks it pads with. "" is not known. */
struct token_identity {
	char	label[33];
	char	manufacturer[33];
	char	model[17];
	char	serial[17];
	char	firmware[8];	/* "2.6", or "" in a URI */
};

struct token_uri {
	struct token_identity	 wanted;
	char			*module_path;
	char			*pin_file;	/* of pin-source, or NULL */
};

/*
 * Reads an RFC 7512 URI that names one token:
 *	pkcs11:token=…[;serial=…][;manufacturer=…][;model=…]
 *	    ?module-path=/…[&pin-source=file:/…]
 * Stricter than the RFC: no other attributes, none twice, none empty; paths
 * are absolute; pin-value, module-name and |command are refused by name.
 * ERR_SYNTAX for its form, ERR_SCHEMA for what it may not contain, ERR_RANGE
 * for a value longer than the field of CK_TOKEN_INFO it is compared with.
 * Free with token_uri_free().
 */
[[nodiscard]] enum err token_uri_parse(const char *uri,
    struct token_uri **out_uri);
void token_uri_free(struct token_uri *u);
AUTO_STRUCT(token_uri);

/* ---- what went wrong (rv.c) */

enum token_class {
	TOKEN_OK,
	TOKEN_SESSION,	/* retried once here with a new session */
	TOKEN_HANDLE,	/* retried once here with the key found anew */
	TOKEN_LOGIN,	/* logged out: ask for a new login, once */
	TOKEN_DEVICE,	/* key_canary(); if it fails, replace the process */
	TOKEN_START,	/* start race: not a failure of the PIN; start over */
	TOKEN_PIN,	/* never retry: latch, alarm, an officer clears it */
	TOKEN_CONFIG,	/* never retry: the key is quarantined; alarm */
	TOKEN_CAPACITY,	/* wait, use fewer sessions */
};

/*
 * The class of what the last function of this folder failed with; one per
 * process, like err_why(). TOKEN_OK when it succeeded, or when the failure
 * was not the token's (a bad argument, a key not found).
 */
enum token_class token_last_class(void);
const char *token_class_name(enum token_class class);	/* "device" */
const char *token_rv_name(unsigned long rv);	/* "CKR_OK", or "CKR_?" */

/* ---- module and sessions (module.c, session.c) */

struct token_options {
	/* Text for C_Initialize some modules want (NSS softokn), or NULL */
	const char		*init_args;
	/*
	 * Names ("CKA_COPYABLE"), NULL at the end, of key attributes that
	 * this module does not know, or NULL: they are not asked of new
	 * keys, nor missed in found ones. All others must be readable.
	 */
	const char *const	*unreadable;
};

struct token;

/*
 * Loads the module and opens the one token that matches the URI: an anchor
 * session, which keeps the login alive, and a working session, both
 * read-only. The module file must be regular, owned by root or the caller,
 * and writable by its owner only: ERR_FORBIDDEN. ERR_NOT_FOUND when no token
 * matches (also for a moment while another process logs in: try again),
 * ERR_MISMATCH when several do, ERR_INTERNAL when the module is initialised
 * already, ERR_SCHEMA for an unknown name in options (which may be NULL).
 * Free with token_close().
 */
[[nodiscard]] enum err token_open(const struct token_uri *uri,
    const struct token_options *options, struct token **out_token);
/* Finalises the module. It stays loaded: unloading crashes some. */
void token_close(struct token *t);
AUTO_DEFINE(token, struct token, token_close);

/* Who the token says it is. Valid as long as the token is open. */
const struct token_identity *token_identity(const struct token *t);

/*
 * One C_Login as the user, never two. ERR_PIN is final: later calls on this
 * token return it again without asking the token.
 */
[[nodiscard]] enum err token_login(struct token *t, const struct secret *pin);

/* ---- keys (key.c) */

enum key_type { KEY_OTHER, KEY_P256, KEY_ED25519 };

#define KEY_LABEL_MAX 64
#define KEY_ID_MAX 32

struct key_spec {
	const char	*label;
	struct view	 id;
	EVP_PKEY	*public_key;	/* as recorded by the ceremony */
};

struct key;

/*
 * Finds the private key by class, type, label and id, exactly one; checks
 * that its attributes are those of an issuing key (attribute.c) and that its
 * signatures verify under the expected public key. Needs a login. The token
 * must outlive the key, spec need not.
 * ERR_NOT_FOUND: no such key; try again before believing it (a start race can
 * hide keys). ERR_MISMATCH: two such keys, or a forbidden or unreadable
 * attribute. ERR_SIGNATURE: it is another key. ERR_UNSUPPORTED: the public key
 * is neither P-256 nor Ed25519. ERR_RANGE: label or id empty or too long.
 * Free with key_free().
 */
[[nodiscard]] enum err token_key_find(struct token *t,
    const struct key_spec *spec, struct key **out_key);
void key_free(struct key *k);
AUTO_STRUCT(key);
enum key_type key_type(const struct key *k);
/*
 * This key will sign often, with verification: that costs half from here on
 * (p256_table.h). Changes nothing for another type of key.
 */
void key_signs_often(struct key *k);

/* ---- signing (sign.c) */

#define KEY_MESSAGE_MAX 32768	/* what a token takes for Ed25519 */

/*
 * ECDSA P-256 over a digest made here, r || s with s below n/2. With verify,
 * the signature is checked in software before it is given out.
 * ERR_UNSUPPORTED for another type of key. ERR_SIGNATURE: r or s out of range
 * or it does not verify; the class is TOKEN_DEVICE.
 */
[[nodiscard]] enum err key_sign_digest(struct key *k,
    const struct hash *digest, bool verify,
    uint8_t out[P256_SIGNATURE_SIZE]);
/* Ed25519 over a message of at most KEY_MESSAGE_MAX: ERR_TOO_LARGE. */
[[nodiscard]] enum err key_sign_message(struct key *k, struct view message,
    bool verify, uint8_t out[ED25519_SIGNATURE_SIZE]);

/*
 * The only health check: signs, on a new session, a message that has no other
 * meaning, and verifies it in software.
 */
[[nodiscard]] enum err key_canary(struct key *k);

/* ---- what else is in the token (inventory.c) */

enum object_class {
	OBJECT_OTHER,
	OBJECT_DATA,
	OBJECT_CERTIFICATE,
	OBJECT_PUBLIC_KEY,
	OBJECT_PRIVATE_KEY,
	OBJECT_SECRET_KEY,
};

/* Label and id are bytes of the token's; longer ones are cut after MAX + 1. */
struct token_object {
	enum object_class	 class;
	enum key_type		 type;
	uint8_t			 label[KEY_LABEL_MAX + 1];
	size_t			 label_len;
	uint8_t			 id[KEY_ID_MAX + 1];
	size_t			 id_len;
	/* of keys; false also where the token does not tell */
	bool			 sensitive;
	bool			 sign, encrypt, decrypt;
	bool			 wrap, unwrap, derive;
	/* of keys; true also where the token does not tell */
	bool			 extractable;
};

struct token_inventory {
	struct token_object	*at;
	size_t			 count;
};

#define INVENTORY_MAX 4096

/*
 * Every object in sight (without a login: the public ones), so that a caller
 * can refuse what it does not expect. ERR_FULL over INVENTORY_MAX. out is
 * released by token_inventory_done().
 */
[[nodiscard]] enum err token_list(struct token *t,
    struct token_inventory *out);
void token_inventory_done(struct token_inventory *v);
const char *object_class_name(enum object_class class);	/* "private key" */

#endif
