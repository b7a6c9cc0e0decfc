/*
 * What a keyholder finds out about its token, once for each opening, before
 * anything is signed: attributes are claims, and a key that can be taken away
 * has been.
 */
#ifndef OKSE_SIGNER_KEYHOLDER_EXAMINE_H
#define OKSE_SIGNER_KEYHOLDER_EXAMINE_H

#include "pkcs11/register.h"

struct examined {
	uint32_t	keys, objects;
	uint32_t	refused;	/* attempts that the token refused */
	uint32_t	unknown;	/* that it has no means for */
};

/* Before the n-th look, from 0, at what a start race may hide; false: that
   was the last. */
bool look_again(unsigned int n);

/*
 * The register that was read is the one that officers were told of, by its
 * hash: the token is compared with nothing newer. ERR_MISMATCH.
 */
[[nodiscard]] enum err examine_register(const struct hash *have,
    struct view told);

/*
 * Every object of the token is one of the register's, and the token refuses
 * what no key of them may do. Needs a login. Errors as token_account() and
 * token_probe() have them.
 */
[[nodiscard]] enum err examine(struct token *t,
    const struct key_register *r, struct examined *out);

#endif
