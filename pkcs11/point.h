/*
 * CKA_EC_POINT, which modules write in three ways.
 */
#ifndef OKSE_PKCS11_POINT_H
#define OKSE_PKCS11_POINT_H

#include "base/bytes.h"

/*
 * The public point of len bytes (65 for P-256 uncompressed, 32 for Ed25519)
 * in the value of CKA_EC_POINT: as it is, or in a DER OCTET STRING, or in a
 * BIT STRING, which then must be all of the value. The length decides first:
 * a point itself may look like the beginning of DER. ERR_SYNTAX otherwise.
 * The result lies in value. Whether it is on the curve is not looked at.
 */
[[nodiscard]] enum err ec_point_decode(struct view value, size_t len,
    struct view *out_point);

#endif
