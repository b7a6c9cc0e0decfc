/*
 * What the registry knows of a holder's devices in a programme, for the
 * support desk. Whoever looks is on the record before the answer leaves.
 */
#ifndef OKSE_SIGNER_NOTARY_LOOKUP_H
#define OKSE_SIGNER_NOTARY_LOOKUP_H

#include "signer/notary/notary.h"

#define LOOKUP_DEVICES 16	/* the newest */
#define LOOKUP_USES 16		/* of each */

struct lookup_wish {
	char		caller[64];	/* who asks, for the log: "uid:0" */
	struct view	programme, number;	/* of the holder */
	/* number empty: of the holder whom this decision was about */
	uint64_t	entry;
};

/*
 * JSON: state, times and places of each device, and the pseudonym by which
 * the log knows the holder; never the number. ERR_SEALED: without the
 * quorum's key nobody can be found; ERR_NOT_FOUND: no such programme or entry;
 * ERR_MISMATCH: that entry is about nobody. *out_broken as in aside.h.
 */
[[nodiscard]] enum err lookup_device(struct notary *n,
    const struct lookup_wish *wish, bool *out_broken, struct bytes *out_json);

#endif
