/*
 * Nodes that were not connected when the database went on with another
 * history. Everybody says of themselves whether all that they committed is
 * there; for a node that is down nobody could, and the fleet would stand
 * still at each restart of the server. But who saw how many commits a node
 * had made, and that it was gone by then, knows that no more are missing than
 * are missing of those:
 *
 *	all are there, and the server was merely restarted: vouched for
 *	some are not there: it is awaited, whatever the registry says of it
 *	it was connected, or nobody knows: awaited, as ever
 *
 * What is known is as old as the last look (fleet_look()): a node that came
 * back, decided and went within those seconds was not seen.
 */
#ifndef OKSE_SIGNER_NOTARY_ABSENT_H
#define OKSE_SIGNER_NOTARY_ABSENT_H

#include "signer/notary/registry_fleet.h"

enum absent_word { ABSENT_NOTHING, ABSENT_WHOLE, ABSENT_BEHIND };

struct absent {
	bool		 seen, connected;	/* at the last look */
	bool		 was_whole;		/* and had said so until then */
	uint64_t	 commits;
	enum absent_word word, staged;		/* to be said of it */
};

struct fleet;
struct notary;

/* After the rest of a look: who is connected, and what is there of whom. */
[[nodiscard]] enum err absent_look(struct notary *n);
/* Says what is to be said, in the transaction of a batch. */
[[nodiscard]] enum err absent_stage(struct notary *n);
void absent_staged(struct fleet *f, bool durable);

#endif
