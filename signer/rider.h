/*
 * What is too long for a packet: a memory file that rides along with a
 * message, sealed, so that whoever gets it reads what was written and nothing
 * that changes meanwhile.
 */
#ifndef OKSE_SIGNER_RIDER_H
#define OKSE_SIGNER_RIDER_H

#include "base/bytes.h"
#include "base/file.h"

#define RIDER_MAX ((size_t)2 << 20)

/* The caller closes it. ERR_TOO_LARGE, ERR_SYSTEM. */
[[nodiscard]] enum err rider_make(struct view content, int *out_fd);
/*
 * Appends all of it. ERR_SCHEMA unless fd is a memory file whose seals keep
 * size and content for good; ERR_TOO_LARGE.
 */
[[nodiscard]] enum err rider_read(int fd, struct bytes *out);

#endif
