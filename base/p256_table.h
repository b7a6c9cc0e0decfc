/*
 * A public key of P-256 that will verify many signatures: with a table of its
 * multiples beside OpenSSL's of the generator, one costs half of what
 * p256_verify() takes. The table costs 30 ms and 150 KiB.
 */
#ifndef OKSE_BASE_P256_TABLE_H
#define OKSE_BASE_P256_TABLE_H

#include "base/crypto.h"

struct p256_table;

/* ERR_UNSUPPORTED: no key of P-256, or an OpenSSL without such tables. */
[[nodiscard]] enum err p256_table_new(EVP_PKEY *key,
    struct p256_table **out_table);
void p256_table_free(struct p256_table *t);
AUTO_STRUCT(p256_table);

/*
 * Whether r || s is a signature of digest (SEC 1 4.1.4). Who is told false
 * asks p256_verify(): no memory is an answer of false as well.
 */
bool p256_table_verify(struct p256_table *t, const struct hash *digest,
    const uint8_t raw[P256_SIGNATURE_SIZE]);

#endif
