/*
 * The auditor's check of a published log directory, offline and from scratch:
 * nothing is believed but the log's key. Every leaf hash, every tile and the
 * root are derived again from the entries; every byte of every file that the
 * checkpoint covers is compared, leftover partial tiles included.
 */
#ifndef OKSE_AUDIT_VERIFY_H
#define OKSE_AUDIT_VERIFY_H

#include "audit/vkey.h"

enum verify_verdict {
	VERIFY_VERIFIED,
	VERIFY_TAMPERED,	/* something contradicts the signed root, or an
				   entry says what no entry may say */
	VERIFY_INCOMPLETE,	/* a file is missing or ends early */
};

/* constant, title */
#define VERIFY_CHECKS(X)                                                      \
	X(CHECKPOINT, "Checkpoint")	/* note, key, origin */               \
	X(ENTRIES, "Entries")		/* hash to the signed root */         \
	X(TILES, "Tiles")		/* identical to re-derived */         \
	X(SCHEMA, "Schema")		/* known events and members only */   \
	X(SEQUENCE, "Sequence")		/* seq dense, t non-decreasing */     \
	X(TICKETS, "Tickets")		/* allow against done/failed/orphan */\
	X(DEVICES, "Devices")		/* one active device */               \
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

struct verify_result {
	enum verify_verdict	verdict;
	char			origin[256];
	uint64_t		size;
	struct hash		root;		/* signed */
	uint8_t			key_id[VKEY_ID_SIZE];
	struct verify_count	count[VERIFY_CHECK_COUNT];
	struct verify_finding	finding[VERIFY_CHECK_COUNT];
	uint64_t		boots;
	int64_t			first_t, last_t;	/* ms UTC */
	uint64_t		allowed, denied;	/* decisions */
	uint64_t		done, failed, orphaned;	/* tickets */
	uint64_t		open;		/* tickets without report */
	uint64_t		active_devices;	/* as the entries tell */
	uint64_t		ahead;		/* files beyond checkpoint */
	uint64_t		foreign;	/* files not the log's */
};

/*
 * Verifies dir/checkpoint and all it covers. The result is complete whatever
 * is found; an error is returned only when the check itself could not be done
 * (ERR_MEMORY, ERR_SYSTEM; ERR_NOT_FOUND: no such directory).
 */
[[nodiscard]] enum err verify_log(const char *dir, const struct vkey *key,
    struct verify_result *out_result);

/* 0 verified, 1 tampered, 2 incomplete: exit statuses of the auditor's tool */
int verify_exit_status(const struct verify_result *r);

/* For people (a line for each check and a verdict), and for programs. */
void verify_report(const struct verify_result *r, struct bytes *out);
[[nodiscard]] enum err verify_report_json(const struct verify_result *r,
    struct bytes *out);

#endif
