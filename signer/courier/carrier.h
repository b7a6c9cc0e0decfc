/*
 * The way to one witness: a connection that is kept while it is useful, one
 * request at a time, an end to every wait.
 */
#ifndef OKSE_SIGNER_COURIER_CARRIER_H
#define OKSE_SIGNER_COURIER_CARRIER_H

#include <openssl/ssl.h>

#include "signer/courier/target.h"

struct event_base;
struct carrier;

/*
 * status and body when e is ERR_OK; otherwise ERR_TIMEOUT, ERR_UNAVAILABLE or
 * ERR_SYNTAX, and err_why() says more.
 */
typedef void (*carrier_back)(void *context, size_t number, enum err e,
    int status, struct view body);

/* The target must outlive it; context and number are the caller's own. */
[[nodiscard]] enum err carrier_new(struct event_base *base, SSL_CTX *tls,
    const struct target *t, size_t number, struct carrier **out_carrier);
void carrier_free(struct carrier *c);
AUTO_STRUCT(carrier);

void carrier_on_return(struct carrier *c, carrier_back back, void *context);

/*
 * Sends a whole HTTP request; back() is called once, never from in here. What
 * was on its way before is given up without a word.
 */
void carrier_send(struct carrier *c, struct view request, int64_t seconds);

/* TLS 1.2 or later, certificates verified against the roots of a file. */
[[nodiscard]] enum err carrier_tls(const char *roots, SSL_CTX **out_tls);

#endif
