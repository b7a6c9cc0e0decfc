/*
 * Any two checkpoints of a log, wherever they were obtained: does the larger
 * tree contain the smaller one? Their signatures are the caller's business.
 */
#ifndef OKSE_AUDIT_DIFF_H
#define OKSE_AUDIT_DIFF_H

#include "audit/checkpoint.h"
#include "audit/proof.h"

enum diff_outcome {
	DIFF_SAME,		/* one tree */
	DIFF_GROWN,		/* proven: the larger contains the smaller */
	DIFF_FORK,		/* proven: it does not; the log lied to one */
};

/*
 * s: the log's tiles, not believed; NULL will do for two of one size.
 * out_proof is the consistency proof of DIFF_GROWN. ERR_NOT_FOUND, ERR_CORRUPT
 * (tiles are missing), ERR_MISMATCH: origins differ, or the tiles are of
 * neither tree.
 */
[[nodiscard]] enum err diff_checkpoints(const struct tile_source *s,
    const struct checkpoint *a, const struct checkpoint *b,
    enum diff_outcome *out_outcome, struct proof *out_proof);

#endif
