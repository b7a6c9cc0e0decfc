/*
 * Bringing the registry and the published log together at start. The registry
 * is what is durable first; the checkpoint is what the world has seen. The
 * one may be ahead of the other, never behind, and never different.
 */
#ifndef OKSE_SIGNER_NOTARY_RECOVER_H
#define OKSE_SIGNER_NOTARY_RECOVER_H

#include "audit/publish.h"
#include "audit/recompute.h"
#include "signer/notary/journal.h"

struct recovered {
	struct publish		*publish;	/* with every entry */
	struct recompute	 recompute;	/* at the published size */
	struct journal_found	 found;
	int64_t			 last_t;	/* of the newest entry, ms */
};

/* As journal_open(). The caller closes out_recovered->publish. */
[[nodiscard]] enum err recover_log(const char *dir, struct registry *r,
    const struct vkey *key, struct recovered *out_recovered);

/* Entries of the registry, for recompute_root(). */
struct recompute_source recover_source(struct registry *r);

#endif
