/*
 * What the files of this folder share, and nobody else includes (but their
 * tests).
 */
#ifndef OKSE_PKCS11_CRYPTOKI_H
#define OKSE_PKCS11_CRYPTOKI_H

#include <p11-kit/pkcs11.h>

#include "base/p256_table.h"
#include "pkcs11/generate.h"
#include "pkcs11/token.h"

struct token {
	CK_FUNCTION_LIST	*p11;	/* or NULL */
	CK_SLOT_ID		 slot;
	CK_SESSION_HANDLE	 anchor;
	CK_SESSION_HANDLE	 session;
	bool			 in_doubt;	/* the session; use a new one */
	bool			 logged_in;	/* start-up is over */
	bool			 pin_refused;
	uint32_t		 unreadable;	/* bits of key_rules */
	struct token_identity	 identity;
};

struct key_name {
	enum key_type	 type;
	const char	*label;
	struct view	 id;
};

/*
 * How a key came to be, and what its attributes must be therefore. A key that
 * is looked for to sign is not asked for what only its birth can show.
 */
enum key_state {
	KEY_ANY,	/* an issuing key, wherever it came from */
	KEY_BORN,	/* made in this token, never extractable */
	KEY_WRAPPABLE,	/* made here, and may still be wrapped */
	KEY_SEALED,	/* it was wrapped, and cannot be again */
	KEY_UNWRAPPED,	/* for a moment, until it is hardened */
	KEY_RESTORED,	/* unwrapped here, and hardened */
};

struct key {
	struct token		*token;
	enum key_state		 state;
	CK_OBJECT_HANDLE	 handle;
	EVP_PKEY		*public_key;
	struct p256_table	*table;		/* or NULL */
	CK_RV			 refused;	/* quarantined with this */
	struct key_name		 name;		/* of the two below */
	char			 label[KEY_LABEL_MAX + 1];
	uint8_t			 id[KEY_ID_MAX];
};

/* Cryptoki's parameters lack const where it promises not to write. */
static inline void *
unconst(const void *p)
{
	return (void *)(uintptr_t)p;
}

/* ---- rv.c */

enum token_class rv_class(CK_RV rv, bool starting);
void rv_clear(void);		/* first act of every public function */
CK_RV rv_last(void);
/* A failure that is the token's fault though no CK_RV says so. */
void rv_blame(enum token_class class);
/* ERR_OK for class ok; else sets the last class and names call and rv. */
[[nodiscard]] enum err rv_check(const char *call, CK_RV rv, bool starting);

/* ---- module.c */

/*
 * Checks, loads and initialises. ERR_FORBIDDEN, ERR_NOT_FOUND (no file),
 * ERR_UNSUPPORTED (not a PKCS#11 module). Undo with module_finalise().
 */
[[nodiscard]] enum err module_initialise(const char *path,
    const char *init_args, CK_FUNCTION_LIST **out_p11);
void module_finalise(CK_FUNCTION_LIST *p11);

/* ---- slot.c */

struct token_identity token_identify(const CK_TOKEN_INFO *info);

/*
 * The one token in all slots that matches wanted ("" matches all), among the
 * initialised or the blank ones; blank ones have no label to compare.
 * ERR_NOT_FOUND, ERR_MISMATCH (several).
 */
[[nodiscard]] enum err slot_find(CK_FUNCTION_LIST *p11,
    const struct token_identity *wanted, bool blank, CK_SLOT_ID *out_slot,
    struct token_identity *out_identity);

/* ---- session.c */

struct found {
	CK_OBJECT_HANDLE	*at;
	size_t			 max;
	size_t			 count;
};

[[nodiscard]] enum err session_open(struct token *t, CK_FLAGS flags,
    CK_SESSION_HANDLE *out);
/* Replaces a session in doubt; call before each use of t->session. */
[[nodiscard]] enum err session_ready(struct token *t);
/* rv_check() of a call on t->session; what fails leaves that in doubt. */
[[nodiscard]] enum err session_check(struct token *t, const char *call,
    CK_RV rv);
/* Handles of the first objects that match, up to found->max. */
[[nodiscard]] enum err session_find(struct token *t, CK_ATTRIBUTE *wanted,
    size_t wanted_count, struct found *found);
/*
 * Reads one attribute into a->pValue of a->ulValueLen bytes and sets its true
 * length, CK_UNAVAILABLE_INFORMATION when the token does not tell.
 */
[[nodiscard]] enum err session_read(struct token *t, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE *a);

/* ---- attribute.c */

enum rule_kind {
	RULE_BOOL,
	RULE_MECHANISMS,	/* {the one that signs} */
	RULE_GENERATOR,		/* the mechanism that made the key */
};

struct key_rule {
	CK_ATTRIBUTE_TYPE	 type;
	const char		*name;
	enum rule_kind		 kind;
	bool			 born;	/* the token's own; not in a template */
	CK_BBOOL		 wanted;
};

extern const struct key_rule key_rules[KEY_ATTRIBUTES];

CK_MECHANISM_TYPE key_mechanism(enum key_type type);	/* signs */
CK_MECHANISM_TYPE key_generator(enum key_type type);	/* makes keys */
CK_KEY_TYPE key_ckk(enum key_type type);
struct view key_curve(enum key_type type);		/* CKA_EC_PARAMS */
enum key_type key_type_of(CK_KEY_TYPE type, struct view curve);

/* Names of token_options to bits; ERR_SCHEMA for one that is not a rule. */
[[nodiscard]] enum err attribute_quirks(const char *const *names,
    uint32_t *out_bits);
/* All of them as the token tells them, in the order of key_rules. */
[[nodiscard]] enum err attribute_read(struct token *t,
    CK_OBJECT_HANDLE object, struct key_attribute out[KEY_ATTRIBUTES]);
unsigned long attribute_wanted(const struct key_rule *rule,
    enum key_type type, enum key_state state);
/* ERR_MISMATCH unless as wanted of a key in this state. */
[[nodiscard]] enum err attribute_check(const struct token *t,
    enum key_type type, const struct key_attribute seen[KEY_ATTRIBUTES],
    enum key_state state);
/*
 * Those a key in this state is made with, without what the module does not
 * know: it could refuse all for that. value keeps what a points to.
 */
struct attribute_values {
	CK_BBOOL		flags[KEY_ATTRIBUTES];
	CK_MECHANISM_TYPE	mechanism;
};
size_t attribute_template(const struct token *t, enum key_type type,
    enum key_state state, struct attribute_values *value,
    CK_ATTRIBUTE a[KEY_ATTRIBUTES]);
/* What the public half is made with, whatever the key is: it verifies. */
#define PUBLIC_ATTRIBUTES 9
size_t attribute_public(enum key_type type,
    CK_ATTRIBUTE a[PUBLIC_ATTRIBUTES]);
/* Label and id behind n attributes; how many there are then. */
size_t attribute_name(const struct key_name *name, CK_ATTRIBUTE *a, size_t n);

/* ---- key.c */

/* ERR_UNSUPPORTED: neither P-256 nor Ed25519. */
[[nodiscard]] enum err key_type_public(EVP_PKEY *public_key,
    enum key_type *out);
/* token_key_find() of a key in a state. */
[[nodiscard]] enum err key_find(struct token *t, const struct key_spec *spec,
    enum key_state state, struct key **out);
/* ERR_RANGE unless 1 to KEY_LABEL_MAX, and 1 to KEY_ID_MAX. */
[[nodiscard]] enum err key_name_check(const struct key_name *name);
/* The one object of that class and name; ERR_NOT_FOUND, ERR_MISMATCH. */
[[nodiscard]] enum err key_find_object(struct token *t,
    CK_OBJECT_CLASS class, const struct key_name *name,
    CK_OBJECT_HANDLE *out);
/* Finds the handle, checks attributes, proves the key. Errors as for find. */
[[nodiscard]] enum err key_locate(struct key *k);
/* Its attributes as they are told now, judged: what goes on a record. */
[[nodiscard]] enum err key_tell(struct key *k,
    struct key_attribute out[KEY_ATTRIBUTES]);

/* ---- generate.c */

/* How many objects have this label, and this id; up to three of each. */
[[nodiscard]] enum err generate_count(struct token *t,
    const struct key_name *name, size_t *out_labels, size_t *out_ids);

/* ---- sign.c */

/* Signs on a ready session and verifies a message without other meaning. */
[[nodiscard]] enum err key_prove(struct key *k);

#endif
