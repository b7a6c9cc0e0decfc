/*
 * The auditor's check of a published log, offline and from scratch: nothing
 * is believed but the keys of a trust policy. Every leaf hash, every tile and
 * the root are derived again from the entries; every byte of every file that
 * the checkpoint covers is compared, leftover partial tiles included; older
 * and newer checkpoints must be of the same tree; the quorum of witnesses
 * must have seen it in time. Where its key was replaced, each hands over to
 * the next.
 */
#ifndef OKSE_AUDIT_VERIFY_H
#define OKSE_AUDIT_VERIFY_H

#include "audit/files.h"
#include "audit/trust.h"

/* The worst of what was found; also the exit status of the auditor's tool. */
enum verify_verdict {
	VERIFY_VERIFIED,
	VERIFY_TAMPERED,	/* something contradicts the signed root, or an
				   entry says what no entry may say */
	VERIFY_INCOMPLETE,	/* a file is missing or ends early */
	VERIFY_UNWITNESSED,	/* no quorum of witnesses, or too late */
};

/* constant, title */
#define VERIFY_CHECKS(X)                                                      \
	X(CHECKPOINT, "Checkpoint")	/* note, keys, origin */              \
	X(WITNESSES, "Witnesses")	/* quorum, in time */                 \
	X(CONSISTENCY, "Consistency")	/* with other checkpoints */          \
	X(KEYS, "Keys")			/* handed over, one to the next */    \
	X(ENTRIES, "Entries")		/* hash to the signed root */         \
	X(TILES, "Tiles")		/* identical to re-derived */         \
	X(SCHEMA, "Schema")		/* known events and members only */   \
	X(SEQUENCE, "Sequence")		/* seq dense, t non-decreasing */     \
	X(TICKETS, "Tickets")		/* allow against done/failed/orphan */\
	X(DEVICES, "Devices")		/* one active device */               \
	X(PERIODS, "Periods")		/* what closing entries say */        \
	X(FILES, "Files")		/* nothing else in the directory */

enum verify_check {
#define X(name, title) VERIFY_##name,
	VERIFY_CHECKS(X)
#undef X
	VERIFY_CHECK_COUNT
};

/* Of total things, good ones; equal when the check holds. */
struct verify_count {
	uint64_t	good;
	uint64_t	total;
};

#define VERIFY_NO_INDEX UINT64_MAX

/* The first thing found wrong in each check. */
struct verify_finding {
	enum verify_verdict	verdict;	/* VERIFIED: none */
	char			file[128];	/* below the directory, or "" */
	uint64_t		first_index;	/* leaf, or NO_INDEX */
	uint64_t		last_index;	/* it lies in first … last */
	uint64_t		byte;		/* of the file, or NO_INDEX */
	char			why[256];
};

/* One key of the log replaced by another. */
struct verify_rotation {
	uint8_t		from[VKEY_ID_SIZE], to[VKEY_ID_SIZE];
	uint64_t	index;		/* of the entry */
	bool		followed;	/* from one that was trusted */
	bool		lost;		/* that one signs no more */
};

#define VERIFY_ROTATIONS 8

struct verify_result {
	enum verify_verdict	verdict;
	char			origin[256];
	uint64_t		size;
	struct hash		root;		/* signed */
	uint8_t			key_id[VKEY_ID_SIZE];
	size_t			signatures;	/* by keys of the log */
	struct verify_count	count[VERIFY_CHECK_COUNT];
	struct verify_finding	finding[VERIFY_CHECK_COUNT];
	/* witnesses */
	char			quorum[64];	/* "none": not asked for */
	size_t			witnesses;	/* that cosigned, */
	size_t			witnesses_known;	/* of so many */
	size_t			unknown_lines;	/* of keys nobody named */
	uint64_t		witnessed;	/* size of newest tree with
						   a quorum, or NO_INDEX */
	uint64_t		quorum_time;	/* of that one, in seconds */
	int64_t			lag;		/* behind its entries, s */
	struct verify_rotation	rotation[VERIFY_ROTATIONS];	/* the first,
						   and the last one */
	size_t			rotations;	/* all that there are */
	/* up to where the tree is known to be right, not being so at its end */
	uint64_t		last_good;	/* size, or NO_INDEX */
	char			last_good_name[128];
	/* entries */
	uint64_t		absent;		/* below the minimum index */
	uint64_t		minimum;	/* the minimum index */
	uint64_t		boots;
	int64_t			first_t, last_t;	/* ms UTC */
	uint64_t		allowed, denied;	/* decisions */
	uint64_t		done, failed, orphaned, closed;	/* tickets */
	uint64_t		open;		/* tickets without report */
	uint64_t		active_devices;	/* as the entries tell */
	bool			shared;		/* a part: nodes joined */
	uint64_t		unclosed;	/* in no closed period */
	/* files */
	bool			listed;		/* the medium can list them */
	uint64_t		ahead;		/* files beyond checkpoint */
	uint64_t		foreign;	/* files not the log's */
};

/* Another checkpoint of the same log; the bytes must stay. */
struct verify_other {
	const char	*name;		/* as findings call it */
	struct view	 note;
};

#define VERIFY_OTHERS 16
#define VERIFY_LATE 600		/* seconds a cosignature may be behind */

struct verify_options {
	/* with what rotation_follow() has learned of these files */
	const struct trust_policy *trust;
	struct verify_other	 to;	/* verified instead of "checkpoint";
					   note.at == NULL: not given */
	const struct verify_other *others;	/* must be of the same tree */
	size_t			 other_count;	/* at most VERIFY_OTHERS */
	uint64_t		 late;		/* seconds; 0: VERIFY_LATE */
	/* called now and then with the entries read; may be NULL */
	void			(*progress)(void *arg, uint64_t done,
	    uint64_t total);
	void			*arg;
};

/*
 * Verifies the checkpoint and all it covers. The result is complete whatever
 * is found; an error is returned only when the check itself could not be done
 * (ERR_MEMORY, ERR_SYSTEM, ERR_UNAVAILABLE, ERR_TIMEOUT; ERR_RANGE: too many
 * other checkpoints).
 */
[[nodiscard]] enum err verify_with(const struct log_files *files,
    const struct verify_options *options, struct verify_result *out_result);
/* A directory by one key, without witnesses; ERR_NOT_FOUND: no directory. */
[[nodiscard]] enum err verify_log(const char *dir, const struct vkey *key,
    struct verify_result *out_result);

int verify_exit_status(const struct verify_result *r);

/* For people (a line for each check and a verdict), and for programs. */
void verify_report(const struct verify_result *r, struct bytes *out);
[[nodiscard]] enum err verify_report_json(const struct verify_result *r,
    struct bytes *out);

#endif
