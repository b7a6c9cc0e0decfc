/*
 * One transaction beside the batches. What was staged is ours; the database
 * may be away, full or broken. Next: batch.c, which does the same for many.
 */
#include "signer/notary/aside.h"

enum err
aside_commit(struct notary *n, enum err staged, bool *out_broken)
{
	enum err e = staged;

	*out_broken = true;
	if (e == ERR_OK)
		e = registry_commit(n->registry);
	/* whether it was made will be known; nothing follows from it yet */
	if (e == ERR_IN_FLIGHT) {
		fleet_commit_is_open(n);
		*out_broken = false;
		return err_because(ERR_UNAVAILABLE, "the registry is away; "
		    "look whether it was changed");
	}
	if (e != ERR_OK && (staged != ERR_OK || e == ERR_FULL ||
	    e == ERR_MEMORY || e == ERR_UNAVAILABLE)) {
		registry_rollback(n->registry);
		journal_rolled_back(n->journal);
		*out_broken = registry_failed(n->registry) != ERR_OK;
		return e;
	}
	TRY(e);
	TRY(journal_committed(n->journal));
	*out_broken = false;
	return ERR_OK;
}
