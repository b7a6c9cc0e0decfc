/*
 * Time stamps of an authority (RFC 3161), as `openssl ts` asks for them.
 */
#ifndef OKSE_CLI_TIMESTAMP_H
#define OKSE_CLI_TIMESTAMP_H

#include "base/bytes.h"

/*
 * A response in DER: that it stamps this data, and that a certificate for
 * nothing but time stamping signed it, issued by the authority whose PEM file
 * this is. out_time: when, in seconds. ERR_SYNTAX, ERR_SIGNATURE
 */
[[nodiscard]] enum err timestamp_verify(struct view response,
    struct view data, const char *authority, int64_t *out_time);

#endif
