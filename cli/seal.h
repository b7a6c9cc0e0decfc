/*
 * What `okse unseal` and `okse dev` both do at the officers' socket.
 */
#ifndef OKSE_CLI_SEAL_H
#define OKSE_CLI_SEAL_H

#include "cli/service.h"

/* GET /v1/seal-status of the instance whose sockets are in dir. */
[[nodiscard]] enum err seal_status(const char *dir, struct answer *out);

/* POST /v1/unseal with the share in a file. */
[[nodiscard]] enum err seal_send_file(const char *dir, const char *path,
    struct answer *out);

#endif
