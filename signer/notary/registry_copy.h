/*
 * Moving a registry from a file to PostgreSQL: once, offline, whole.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_COPY_H
#define OKSE_SIGNER_NOTARY_REGISTRY_COPY_H

#include "base/crypto.h"
#include "signer/notary/registry.h"

struct copied {
	const char	*table;
	uint64_t	 rows;
	struct hash	 hash;		/* of all, in order of their key */
};

/*
 * Copies every row of the SQLite registry from to the PostgreSQL registry at
 * uri (of the tables' owner), as those of the node that joined with origin:
 * in one transaction, in which all are read back and compared before it is
 * committed. each() is told of every table then.
 *
 * ERR_UNAVAILABLE: a daemon has the file. ERR_EXISTS: the target is not
 * empty. ERR_NOT_FOUND: no such node. ERR_MISMATCH: what was read back
 * differs, nothing was kept. ERR_UNSUPPORTED: the file has tables or columns
 * that this copy does not know.
 */
[[nodiscard]] enum err registry_copy(const char *from, const char *uri,
    const char *origin, void (*each)(void *arg, const struct copied *c),
    void *arg);

#endif
