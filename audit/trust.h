/*
 * Whom an auditor trusts, as a file (C2SP tlog-policy):
 *
 *	log <vkey> [<url>]
 *	witness <name> <vkey> [<url>]
 *	group <name> all|any|<k> <member>...
 *	quorum <name>|none
 *
 * A line refers to earlier ones only, and each name is a member at most once,
 * so that a witness counts in one way. A checkpoint is good when a listed log
 * of its origin has signed it, no line of a listed key fails to verify, and
 * the quorum has cosigned it.
 */
#ifndef OKSE_AUDIT_TRUST_H
#define OKSE_AUDIT_TRUST_H

#include "audit/checkpoint.h"
#include "audit/note.h"

#define TRUST_MAX 64		/* logs; witnesses; groups (C2SP: 32 each) */
#define TRUST_SIZE 65536	/* of the file */
#define TRUST_NEVER UINT64_MAX

struct trust_policy;
void trust_policy_free(struct trust_policy *p);
AUTO_STRUCT(trust_policy);

/* ERR_SYNTAX, ERR_UNSUPPORTED, ERR_MISMATCH; err_why() names the line. */
[[nodiscard]] enum err trust_policy_get(struct view text,
    struct trust_policy **out_policy);
[[nodiscard]] enum err trust_policy_read(const char *path,
    struct trust_policy **out_policy);

/*
 * The policy that a file of vkeys stands for (log.vkey): 1 … TRUST_MAX lines,
 * all of one name, the last line end optional. Every one of these keys must
 * have signed; no witness is asked for.
 */
[[nodiscard]] enum err trust_keys_get(struct view text,
    struct trust_policy **out_policy);
[[nodiscard]] enum err trust_keys_read(const char *path,
    struct trust_policy **out_policy);
/* The same of one key, whose text is copied. */
[[nodiscard]] enum err trust_key(const struct vkey *key,
    struct trust_policy **out_policy);

/* A signature of the key counts under trees of since … until entries. */
struct trust_log {
	struct vkey	*key;
	struct view	url;		/* may be empty */
	uint64_t	since, until;	/* 0, UINT64_MAX, but when it was
					   handed over: rotation.h */
};

struct trust_witness {
	struct view	name;		/* in this file only */
	struct vkey	*key;
	struct view	url;		/* may be empty */
};

size_t trust_log_count(const struct trust_policy *p);
const struct trust_log *trust_log(const struct trust_policy *p, size_t i);
/*
 * A log's key, listed or not, counts under trees of so many entries: what is
 * known of when it was handed over. ERR_TOO_LARGE
 */
[[nodiscard]] enum err trust_know(struct trust_policy *p,
    const struct vkey *key, uint64_t since, uint64_t until);
size_t trust_witness_count(const struct trust_policy *p);
const struct trust_witness *trust_witness(const struct trust_policy *p,
    size_t i);
/*
 * By the format one listed key of a log is enough. From now on each of them
 * must have signed, as with trust_keys_…().
 */
void trust_want_all_keys(struct trust_policy *p);
bool trust_wants_all_keys(const struct trust_policy *p);
/* The quorum's name; "none" when no witness is asked for. */
struct view trust_quorum(const struct trust_policy *p);

/*
 * When the quorum was reached, in seconds, given when each witness cosigned
 * (TRUST_NEVER: it did not): 0 for quorum none, TRUST_NEVER when it was not.
 */
uint64_t trust_quorum_time(const struct trust_policy *p,
    const uint64_t cosigned[TRUST_MAX]);

/* A checkpoint as a policy sees it. */
struct trust_seen {
	struct note		note;		/* views of the bytes given */
	struct checkpoint	checkpoint;	/* likewise */
	uint8_t			key_id[VKEY_ID_SIZE];	/* first key's */
	size_t			signatures;	/* by keys of the log */
	size_t			witnesses;	/* that cosigned */
	uint64_t		cosigned[TRUST_MAX];	/* or TRUST_NEVER */
	uint64_t		quorum_time;	/* as trust_quorum_time() */
	size_t			unknown;	/* lines of other keys */
};

/*
 * Reads a checkpoint note and verifies every line of a key that the policy
 * knows. ERR_SYNTAX, ERR_TOO_LARGE (form), ERR_NOT_FOUND (not signed by a log
 * of the policy), ERR_MISMATCH (only by a key that had been replaced by then),
 * ERR_SIGNATURE (a known key's line that does not verify).
 * That there is no quorum is no error: see quorum_time.
 */
[[nodiscard]] enum err trust_open(const struct trust_policy *p,
    struct view note, struct trust_seen *out_seen);

#endif
