/*
 * Who a client is: its uid on a Unix socket, a name in its certificate over
 * TLS, looked up in the configuration. And the TLS it has to speak.
 */
#ifndef OKSE_SIGNER_GATE_IDENTITY_H
#define OKSE_SIGNER_GATE_IDENTITY_H

#include <openssl/ssl.h>

#include "base/crypto.h"
#include "signer/config.h"

AUTO_DEFINE(SSL_CTX, SSL_CTX, SSL_CTX_free);

#define IDENTITY_NONE SIZE_MAX	/* else a place in config->clients */

/* Of the process that connected the Unix socket (SO_PEERCRED), or -1. */
int64_t identity_uid(int fd);
/* The client with that uid. */
size_t identity_of_socket(const struct config *c, int fd);
/*
 * Of a verified certificate, by its subjectAltName of type URI or dNSName,
 * compared whole and byte by byte. Names of two clients are nobody's.
 */
size_t identity_of_certificate(const struct config *c, X509 *certificate);

/*
 * TLS 1.3 only, a certificate of the configured CA demanded, no resumption:
 * each connection proves anew who it is. Reads the files of config.
 */
[[nodiscard]] enum err identity_tls(const struct config_tls *c,
    SSL_CTX **out_context);

#endif
