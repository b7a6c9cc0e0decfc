/*
 * A witness's own key: Ed25519, for cosignature/v1 (C2SP tlog-cosignature).
 * Two files: NAME.key, PEM, only its owner's; NAME.vkey, for everybody.
 */
#ifndef OKSE_AUDIT_COSIGNER_H
#define OKSE_AUDIT_COSIGNER_H

#include "audit/vkey.h"

struct cosigner;
void cosigner_free(struct cosigner *c);
AUTO_STRUCT(cosigner);

/* A new key, in memory only. ERR_SYNTAX for an impossible name */
[[nodiscard]] enum err cosigner_new(struct view name,
    struct cosigner **out_cosigner);
/* Writes both files, which must not exist (ERR_EXISTS), durably. */
[[nodiscard]] enum err cosigner_write(const struct cosigner *c,
    const char *key_path, const char *vkey_path);
/*
 * ERR_FORBIDDEN when others than its owner may read the key, ERR_MISMATCH
 * when the vkey is not its own.
 */
[[nodiscard]] enum err cosigner_read(const char *key_path,
    const char *vkey_path, struct cosigner **out_cosigner);

const struct vkey *cosigner_vkey(const struct cosigner *c);

/* Appends a signature line over the text of a checkpoint note. */
[[nodiscard]] enum err cosigner_sign(const struct cosigner *c, uint64_t time,
    struct view text, struct bytes *out_line);

#endif
