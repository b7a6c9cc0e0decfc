/*
 * The catalogue of steps, between steps.c, which runs them, and steps_check.c,
 * which walks a script through the model of them.
 */
#ifndef OKSE_CEREMONY_STEPS_PARTS_H
#define OKSE_CEREMONY_STEPS_PARTS_H

#include "ceremony/steps.h"

/* What can be so of a ceremony besides its keys and certificates. */
#define SPLIT	0x1u	/* the secret exists, every officer has a share */
#define PROVEN	0x2u	/* every quorum has opened it */
#define TOKEN	0x4u	/* the token is initialised and logged in */
#define CHANGED	0x8u	/* its PINs are the new officers' */
#define CLOSED	0x10u
#define DEALT	0x20u	/* the backup's secret, every officer has a share */
#define OPENED	0x40u	/* and it is open */
#define WRAPPED	0x80u	/* the keys are, on every medium */
#define COPIED	0x100u	/* and were unwrapped and signed elsewhere */
#define SEALED	0x200u	/* and leave this token no more */
#define LOST	0x400u	/* the token that was is given up */
#define REGAINED 0x800u	/* its keys are in another */

enum takes { TAKES_NOTHING, TAKES_KEY, TAKES_CERTIFICATE, TAKES_CRL,
	TAKES_POLICY };

/*
 * Which scripts may have it: the last ones, with other officers, with keys to
 * be backed up, with a token that is lost, with another token or the same.
 */
enum kin { BEGINS, CONTINUES, EITHER, SPLITS, CHANGES, BACKS_UP, DEALS,
	RECOVERS, MAKES_TOKEN, OPENS, REPLACES };

struct row {
	const char	*name;
	enum kin	 kin;
	enum takes	 takes;
	unsigned int	 needs, gives;
	bool		 again;		/* may be done more than once */
	bool		 critical;	/* a quorum of officers signs first */
	enum err	 (*run)(struct ceremony *c,
			    const struct script_step *s,
			    struct payload *result);
	const char	*about;		/* for the room, before it is done */
};

/* NULL: not in the catalogue. */
const struct row *step_row(const char *name);

#endif
