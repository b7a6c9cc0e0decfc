/*
 * QR tokens whose signature this daemon's own token has just made. A token
 * that is presented minutes later with exactly these bits need not be
 * verified again, which would cost more than all the rest of its redemption.
 * What is not known here (another daemon's, one from before a restart, one
 * displaced by newer ones) is verified as any other.
 */
#ifndef OKSE_SIGNER_NOTARY_VOUCHED_H
#define OKSE_SIGNER_NOTARY_VOUCHED_H

#include "base/crypto.h"

#define VOUCHED_PLACES 131072	/* each new name displaces one old one */
#define VOUCHED_SIZE 16		/* bytes of a name that are kept */

struct vouched {
	uint8_t	names[VOUCHED_PLACES][VOUCHED_SIZE];	/* zero: empty */
};

/* name: qr_token_name(), as the keyholder reported it. */
void vouched_add(struct vouched *v, const struct hash *name);
/* context is a struct vouched. */
bool vouched_knows(const void *context, const struct hash *name);

#endif
