/*
 * A copy of the registry while it serves: pages by the dozen between batches,
 * on the daemon's own connection, which brings pages that change meanwhile up
 * to date in the copy. What comes out is the registry as of the last step.
 *
 * The notary may write only beside its registry, so the copy grows there, as
 * backup/registry.db, and an operator's command takes it away. (A descriptor
 * handed in would have had to pass two processes that own no files.)
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_BACKUP_H
#define OKSE_SIGNER_NOTARY_REGISTRY_BACKUP_H

#include "base/json.h"
#include "signer/notary/registry.h"

struct backup;

/*
 * Begins. registry_path: that of the file. ERR_UNSUPPORTED for another engine
 * than SQLite.
 */
[[nodiscard]] enum err backup_start(struct registry *r,
    const char *registry_path, struct backup **out_backup);
/* Abandons what is not done; the registry must still be open. */
void backup_free(struct backup *b);
AUTO_STRUCT(backup);

bool backup_is_running(const struct backup *b);		/* NULL: no */
/*
 * Some more pages, between transactions. With the last ones the file is made
 * durable and gets its name; true then, or when it failed, which is the
 * copy's misfortune alone.
 */
bool backup_step(struct backup *b);
bool backup_is_done(const struct backup *b);	/* and good */
uint64_t backup_entries(const struct backup *b);	/* that it holds */

/* "backup": how it stands, as a member of an open record. NULL: null. */
void backup_put(const struct backup *b, struct json *j);

#endif
