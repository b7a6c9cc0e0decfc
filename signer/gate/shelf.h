/*
 * Published documents that many ask for, held ready: read again when their
 * file has changed, kept as long as there is room.
 */
#ifndef OKSE_SIGNER_GATE_SHELF_H
#define OKSE_SIGNER_GATE_SHELF_H

#include <sys/stat.h>

#include "signer/gate/reply.h"

#define SHELF_PLACES 64
#define SHELF_BYTES ((size_t)16 << 20)
#define SHELF_DOCUMENT ((size_t)1 << 20)	/* bytes of the longest */
#define SHELF_NAME 48

/* All zero is empty. */
struct shelf {
	uint64_t	asked;		/* so often: a clock of who came last */
	size_t		bytes;		/* of all */
	struct shelf_place {
		char		 name[SHELF_NAME];	/* "": free */
		struct stat	 was;
		uint64_t	 last;
		struct shared	*shared;
	}		at[SHELF_PLACES];
};

void shelf_done(struct shelf *s);

/*
 * The file of this name in dir as it is now; the caller has a use of its own
 * (shared_free()). cache is the Cache-Control it gets. ERR_NOT_FOUND,
 * ERR_TOO_LARGE, ERR_SYSTEM, ERR_MEMORY.
 */
[[nodiscard]] enum err shelf_get(struct shelf *s, int dir, const char *name,
    const char *cache, struct shared **out_shared);

#endif
