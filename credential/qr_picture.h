/*
 * A QR code (ISO/IEC 18004, error correction Q) of a token's text, drawn
 * three ways, each with the quiet zone of four modules.
 */
#ifndef OKSE_CREDENTIAL_QR_PICTURE_H
#define OKSE_CREDENTIAL_QR_PICTURE_H

#include "base/bytes.h"

#define QR_PICTURE_SCALE 32	/* pixels of a module, at most */

struct qr_picture;

/* ERR_TOO_LARGE when no QR code holds the text. */
[[nodiscard]] enum err qr_picture_new(struct view text,
    struct qr_picture **out_picture);
void qr_picture_free(struct qr_picture *p);
AUTO_STRUCT(qr_picture);

/* Black on white, one bit a pixel, 1 … QR_PICTURE_SCALE pixels a module. */
[[nodiscard]] enum err qr_picture_png(const struct qr_picture *p,
    unsigned int scale, struct bytes *out);
/* One path over a white square, one user unit a module. */
void qr_picture_svg(const struct qr_picture *p, struct bytes *out);
/* Half blocks, two rows a line, for a terminal with light text on dark. */
void qr_picture_text(const struct qr_picture *p, struct bytes *out);

#endif
