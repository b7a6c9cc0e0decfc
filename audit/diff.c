/*
 * Two checkpoints against each other. Both are signed by the log, the tiles
 * are from anywhere: a proof that fails says nothing yet, for it may be the
 * tiles that are false. A fork is told only when tiles that are consistent in
 * themselves are those of one of the two and not of the other. Next in the
 * flow: proof.c.
 */
#include "audit/diff.h"

static enum err
accuse(const struct tile_source *s, const struct checkpoint *old,
    const struct checkpoint *new, const struct proof *p,
    enum diff_outcome *out_outcome)
{
	struct hash old_root, new_root;

	TRY(proof_root(s, old->size, &old_root));
	TRY(proof_root(s, new->size, &new_root));
	if (proof_check_consistency(p, old->size, new->size, &old_root,
	    &new_root) != ERR_OK ||
	    (!merkle_equal(&old_root, &old->root) &&
	    !merkle_equal(&new_root, &new->root)))
		return err_because(ERR_MISMATCH, "the tiles are of neither "
		    "checkpoint's tree, so they prove nothing");
	*out_outcome = DIFF_FORK;
	return ERR_OK;
}

enum err
diff_checkpoints(const struct tile_source *s, const struct checkpoint *a,
    const struct checkpoint *b, enum diff_outcome *out_outcome,
    struct proof *out_proof)
{
	const struct checkpoint *old = a->size <= b->size ? a : b;
	const struct checkpoint *new = old == a ? b : a;
	struct proof p = { 0 };

	if (!view_equal(a->origin, b->origin))
		return err_because(ERR_MISMATCH,
		    "checkpoints of two different logs");
	if (a->size == b->size) {
		*out_outcome = merkle_equal(&a->root, &b->root) ? DIFF_SAME :
		    DIFF_FORK;
		return ERR_OK;
	}
	if (s == NULL)
		return err_because(ERR_NOT_FOUND, "checkpoints of two sizes "
		    "are compared by the log's tiles: which log?");
	if (old->size != 0)
		TRY(proof_consistency(s, old->size, new->size, &p));
	if (proof_check_consistency(&p, old->size, new->size, &old->root,
	    &new->root) != ERR_OK)
		return accuse(s, old, new, &p, out_outcome);
	*out_outcome = DIFF_GROWN;
	*out_proof = p;
	return ERR_OK;
}
