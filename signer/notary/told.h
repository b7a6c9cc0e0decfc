/*
 * Entries that the supervisor dictates: the body of RECORD (signer/msg.txt)
 * becomes an entry.
 */
#ifndef OKSE_SIGNER_NOTARY_TOLD_H
#define OKSE_SIGNER_NOTARY_TOLD_H

#include "audit/entry.h"

/*
 * ERR_SYNTAX, ERR_SCHEMA (an unknown event, a value missing or not of its
 * form); out is then as it was.
 */
[[nodiscard]] enum err told_entry(struct view record,
    const struct entry_common *c, struct bytes *out);

#endif
