/*
 * What `okse unseal` and `okse dev` both do at the officers' socket.
 */
#ifndef OKSE_CLI_SEAL_H
#define OKSE_CLI_SEAL_H

#include "cli/service.h"

/* GET /v1/seal-status of the instance whose sockets are in dir. */
[[nodiscard]] enum err seal_status(const char *dir, struct answer *out);

/* The share in a file, given with its officer's key; compares nothing. */
[[nodiscard]] enum err seal_send_file(const char *dir, const char *path,
    const char *key, struct answer *out);

/* Waiting for shares: neither open, nor opening, nor latched. */
bool seal_waits(const struct document *d);
/*
 * Prints what the answer says: the exit status. The witnesses of the log are
 * waited for; what they refuse is no success.
 */
int seal_tell_outcome(const struct arguments *a, struct answer *answer);

#endif
