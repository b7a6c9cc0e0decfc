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

/* The signed checkpoint in the directory; the empty tree without one. */
struct recover_head {
	uint64_t	size;
	struct hash	root;
	bool		strange;	/* as logkeys_open() */
};
[[nodiscard]] enum err recover_head(const char *dir,
    const struct logkeys *keys, struct recover_head *out_head);

/*
 * The newest published entries among the first upto are those of the
 * registry: ERR_CORRUPT. size is the published tree's. The whole log is the
 * auditor's to verify; a registry that was exchanged, or set back and
 * continued, differs here.
 */
[[nodiscard]] enum err recover_edge(const struct tile_source *tiles,
    struct registry *r, uint64_t size, uint64_t upto);

struct recovered {
	struct publish		*publish;	/* with every entry that the
						   next checkpoint has */
	struct recompute	 recompute;	/* at the published size */
	struct journal_found	 found;
	int64_t			 last_t;	/* of the newest entry, ms */
};

/* As journal_open(). The caller closes out_recovered->publish. */
[[nodiscard]] enum err recover_log(const char *dir, struct registry *r,
    const struct logkeys *keys, const struct closed *closed,
    struct recovered *out_recovered);

/* Appends the registry's entries behind those there are, up to a size. */
[[nodiscard]] enum err recover_append(struct publish *p, struct registry *r,
    uint64_t size);

/* Entries of the registry, for recompute_root(). */
struct recompute_source recover_source(struct registry *r);

#endif
