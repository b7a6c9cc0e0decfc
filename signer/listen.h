/*
 * Listening sockets, close-on-exec and non-blocking.
 */
#ifndef OKSE_SIGNER_LISTEN_H
#define OKSE_SIGNER_LISTEN_H

#include "signer/config.h"

/*
 * A socket file that nobody answers on any more is replaced; ERR_EXISTS when
 * somebody does.
 */
[[nodiscard]] enum err listen_unix(const struct config_listener *l,
    int *out_fd);
/* "127.0.0.1:8443" or "[::1]:8443"; port 0: any. ERR_SCHEMA */
[[nodiscard]] enum err listen_tcp(const char *address, int *out_fd);

#endif
