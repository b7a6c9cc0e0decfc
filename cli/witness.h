/*
 * `okse audit witness`: a witness of other parties' logs (C2SP tlog-witness).
 *
 *	DIR/witness.key		its private key, mode 0600
 *	DIR/witness.vkey	its public key, to be given to logs and auditors
 *	DIR/logs.txt		the logs it knows: a vkey a line
 *	DIR/logs/HASH/checkpoint
 *				of each log the newest it has cosigned: its
 *				whole memory, and what monitors are given
 *	DIR/logs/HASH/refused	the newest that contradicted it (evidence)
 *
 * HASH is that of the log's origin, as in URLs.
 */
#ifndef OKSE_CLI_WITNESS_H
#define OKSE_CLI_WITNESS_H

#include <limits.h>

#include "audit/witness.h"

#define WITNESS_LOGS 256

struct witness_place {
	struct witness_log	log;
	char			checkpoint[PATH_MAX];	/* its files */
	char			refused[PATH_MAX];
	struct bytes		hash;	/* "<hex>/checkpoint" */
	struct bytes		note;	/* what checkpoint holds; or empty */
};

struct witness {
	struct cosigner		*cosigner;
	char			 state[PATH_MAX];	/* DIR/logs */
	int			 lock;
	size_t			 count;
	struct witness_place	 at[WITNESS_LOGS];
};

/*
 * Reads the key, the logs and what it remembers of each. ERR_IN_FLIGHT when
 * another process is this witness; ERR_CORRUPT when a memory is damaged.
 */
[[nodiscard]] enum err witness_open(const char *dir, const char *logs,
    struct witness **out_witness);
void witness_close(struct witness *w);
AUTO_DEFINE(witness, struct witness, witness_close);

/* NULL: not one of its logs. */
struct witness_place *witness_find(struct witness *w, struct view origin);
/* The place whose monitoring path this is, or NULL. */
const struct witness_place *witness_find_path(const struct witness *w,
    struct view path);

/*
 * One request from judgement to answer; what is answered with 200 is durable.
 * Errors are those of witness_check(), with out_answer the body of a 409, and
 * ERR_NOT_FOUND. *out_broken: nothing may be answered, for it is unknown what
 * is on the disk.
 */
[[nodiscard]] enum err witness_serve(struct witness *w, struct view body,
    uint64_t now, struct bytes *out_answer, bool *out_broken);

#endif
