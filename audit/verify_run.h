/*
 * A verification under way: what verify.c (checkpoint, root),
 * verify_entries.c, verify_others.c (checkpoints and witnesses),
 * verify_keys.c (whose log it was) and verify_files.c (files against what the
 * entries give) share. For nobody else.
 */
#ifndef OKSE_AUDIT_VERIFY_RUN_H
#define OKSE_AUDIT_VERIFY_RUN_H

#include "audit/closing.h"
#include "audit/reconcile.h"
#include "audit/rotation.h"
#include "audit/tree.h"
#include "audit/verify.h"

/* A checkpoint, signed by the log, that must be of the tree. */
struct verify_anchor {
	char		name[128];
	uint64_t	size;
	struct hash	root;
	bool		checked, good;
	uint64_t	quorum_time;	/* or TRUST_NEVER */
	int64_t		t_last, t_next;	/* ms: its last entry, the one behind;
					   0: not seen */
};

struct verify_run {
	const struct log_files	*files;
	const struct verify_options *options;
	struct tile_source	 source;
	struct tree		*tree;		/* grown from the entries */
	struct reconcile	*reconcile;
	struct closing		 closing;
	struct rotation		 newest[2];	/* Ed25519, P-256 */
	struct bytes		 bundle;
	struct bytes		 file;
	struct bytes		 note;		/* the checkpoint's */
	struct bytes		 witnessed;	/* checkpoint.witnessed */
	struct bytes		 ended;		/* size, t, root, period; … */
	/* the first is the one that is verified */
	struct verify_anchor	 anchor[VERIFY_OTHERS + 3];
	size_t			 anchors;
	struct verify_result	*result;
};

/* Where something was found; index may be VERIFY_NO_INDEX. */
struct verify_place {
	const char	*file;
	uint64_t	 first_index, last_index;
	uint64_t	 byte;
};

#define VERIFY_IN_FILE(name)                                                  \
	((struct verify_place){ (name), VERIFY_NO_INDEX, VERIFY_NO_INDEX,     \
	    VERIFY_NO_INDEX })

/*
 * Keeps the first finding of a check, with err_why() as the reason, and
 * worsens the verdict.
 */
void verify_found(struct verify_result *r, enum verify_check check,
    enum verify_verdict verdict, struct verify_place place);

/* Errors of the machine or the network, which say nothing about the log. */
bool verify_is_fatal(enum err e);
/* Missing or cut short, rather than changed. */
bool verify_is_missing(enum err e);

/* ---- verify_others.c, in this order */

/* A file that may be a note; empty when there is none. */
[[nodiscard]] enum err verify_read_file(struct verify_run *v,
    const char *name, struct bytes *out);
/* Reads the checkpoints that must be of the same tree. */
[[nodiscard]] enum err verify_read_others(struct verify_run *v);
void verify_add_anchor(struct verify_run *v, const char *name,
    const struct trust_seen *s);
/* Holds those of the size reached against the tree. */
void verify_reached(struct verify_run *v);
/* Remembers when an entry was made. */
void verify_made(struct verify_run *v, uint64_t index, int64_t t);
/* Those beyond the checkpoint, by proofs. */
[[nodiscard]] enum err verify_beyond(struct verify_run *v);
/* Seconds for which a quorum may be waited for. */
int64_t verify_patience(const struct verify_run *v);
/* Whether a quorum has seen the tree, and in time. */
void verify_witnesses(struct verify_run *v);

/* ---- verify_entries.c: all entries, each tile they fill */
[[nodiscard]] enum err verify_entries(struct verify_run *v);

/* ---- verify_keys.c */

/* An entry logkey.rotate; ERR_MISMATCH: not one that there can be. */
[[nodiscard]] enum err verify_rotated(struct verify_run *v,
    const struct schema_entry *e);
/* The receipt of one, in the log's own files; counts it when it is good. */
[[nodiscard]] enum err verify_handover(struct verify_run *v,
    const char *path, enum verify_check check);
/* No key that is trusted signed: is it for a handover that is none? */
[[nodiscard]] enum err verify_why_unsigned(struct verify_run *v,
    bool *out_told);
/* Whether they lead to who signed the checkpoint. */
[[nodiscard]] enum err verify_handovers(struct verify_run *v);

/* ---- verify_files.c */

/*
 * Compares a stored tile, and the narrower partial ones left beside it, with
 * what the entries give. ends[i] is the length of the first i + 1 items.
 */
[[nodiscard]] enum err verify_tile(struct verify_run *v, struct tile_id id,
    struct view derived, const size_t ends[TILE_WIDTH]);
/* The partial ones only: a bundle has been read already. */
[[nodiscard]] enum err verify_leftovers(struct verify_run *v,
    struct tile_id id, struct view derived, const size_t ends[TILE_WIDTH]);

/* Accounts for every file below the directory. */
[[nodiscard]] enum err verify_files(struct verify_run *v);

#endif
