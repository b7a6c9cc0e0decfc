/*
 * Checkpoints (C2SP tlog-checkpoint): the text of a note that states a tree.
 *
 *	<origin>\n<size in decimal>\n<base64 of the root>\n
 *
 * Exactly three lines. The format allows extension lines; this log never
 * writes them and a checkpoint of ours that had one would not be ours.
 */
#ifndef OKSE_AUDIT_CHECKPOINT_H
#define OKSE_AUDIT_CHECKPOINT_H

#include <stdbool.h>

#include "base/crypto.h"

struct checkpoint {
	struct view	origin;		/* of the bytes it was read from */
	uint64_t	size;
	struct hash	root;
};

/* Appends the text to be signed. ERR_SCHEMA for an impossible origin */
[[nodiscard]] enum err checkpoint_body(const char *origin, uint64_t size,
    const struct hash *root, struct bytes *out);

/* ERR_SYNTAX unless body is byte for byte what checkpoint_body() writes. */
[[nodiscard]] enum err checkpoint_get(struct view body,
    struct checkpoint *out_checkpoint);

/*
 * The keyholder's guard: is this a checkpoint of our log and nothing else? It
 * refuses size 0 with a root that is not the empty tree's.
 */
bool checkpoint_is_well_formed(struct view body, const char *origin);

#endif
