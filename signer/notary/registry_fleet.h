/*
 * Nodes: daemons that share one registry. Each has a token, certificates and
 * a log of its own; the installation's secret is the same, so they speak of
 * the same holders. A registry in a file has one node, and what is here does
 * nothing to it.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_FLEET_H
#define OKSE_SIGNER_NOTARY_REGISTRY_FLEET_H

#include "audit/vkey.h"
#include "signer/notary/registry.h"

#define REGISTRY_ORIGIN 255

struct registry_node {
	int64_t		node;
	char		origin[REGISTRY_ORIGIN + 1];
	struct view	log_key;	/* the text of its vkey */
	struct view	next_key;	/* what replaces it, or empty */
	struct view	qr_certificates; /* DER, a block each */
	int64_t		joined_at, retired_at;
	bool		has_past;	/* its log has entries, when it joins */
};

/* Do several nodes share it? */
bool registry_is_shared(const struct registry *r);
int64_t registry_own_node(const struct registry *r);

/*
 * From now on this process is the node of that origin and log key; its QR
 * certificate is what others verify its tokens with. ERR_NOT_FOUND: it has
 * not joined. ERR_MISMATCH: it joined with another log key. ERR_REFUSED: it
 * was retired. ERR_UNAVAILABLE: another process is it.
 */
[[nodiscard]] enum err registry_become(struct registry *r,
    const struct registry_node *self);

/*
 * In a transaction: this node's log has this key from now on. A registry in a
 * file keeps no such row.
 */
[[nodiscard]] enum err registry_put_log_key(struct registry *r,
    const struct vkey *key);

/* Calls each with every node, retired ones too, until it fails. */
[[nodiscard]] enum err registry_nodes(struct registry *r,
    enum err (*each)(void *arg, const struct registry_node *n), void *arg);
/* The origin of a node's log; ERR_NOT_FOUND. */
[[nodiscard]] enum err registry_node_origin(struct registry *r, int64_t node,
    char out_origin[REGISTRY_ORIGIN + 1]);

/* For commands that only look: entries are those of this node's log. */
[[nodiscard]] enum err registry_look_as(struct registry *r,
    const char *origin);

/*
 * Which history of the database this is: another one after a failover, a
 * recovery or a start of its server, in which commits may have been lost. "":
 * nobody shares it. registry_same_line(): they differ by a start at most.
 */
#define REGISTRY_TERM 64
const char *registry_term(const struct registry *r);
bool registry_same_line(const char *term, const char *other);
/* Counts connections to it: what was found through one holds for that one. */
uint64_t registry_connection(const struct registry *r);

/*
 * What a node says of itself (registry_meta_put() under REGISTRY_WHOLE): the
 * term in which it has found that nothing of it was lost, or anything else.
 */
#define REGISTRY_WHOLE "whole"
#define REGISTRY_BEHIND "behind"
/* For a node that cannot, if it still says what it said. */
[[nodiscard]] enum err registry_vouch(struct registry *r, int64_t node,
    const char *said, const char *term);
/* A small fact of each node that has it. */
[[nodiscard]] enum err registry_meta_each(struct registry *r,
    const char *name, enum err (*each)(void *arg, int64_t node,
    struct view value), void *arg);

/* Calls each with every node that writes, or did: its commits so far. */
[[nodiscard]] enum err registry_writers(struct registry *r,
    void (*each)(void *arg, int64_t node, uint64_t commits, bool connected),
    void *arg);

/* ---- for the owner of the tables */

/* ERR_EXISTS: there is a node of this origin, retired or not. */
[[nodiscard]] enum err registry_join(struct registry *r,
    const struct registry_node *fresh);
/*
 * It can commit nothing more. ERR_NOT_FOUND, ERR_EXISTS: retired before.
 * ERR_BEHIND: something of it may have been lost, and lost is not said: then
 * the others go on without, in new status lists.
 */
[[nodiscard]] enum err registry_retire(struct registry *r,
    const char *origin, bool lost, int64_t now);
/* For a node that is down: its log was compared, nothing of it is missing. */
[[nodiscard]] enum err registry_confirm(struct registry *r);
/* Lets a role of the database do what a daemon does. */
[[nodiscard]] enum err registry_grant(struct registry *r, const char *role);

/* ---- a database that is away */

bool registry_is_away(const struct registry *r);

/* What became of the commit that was ERR_IN_FLIGHT. */
enum registry_fate { REGISTRY_NONE, REGISTRY_COMMITTED, REGISTRY_ROLLED_BACK };
/*
 * One attempt to connect again, quickly. ERR_UNAVAILABLE: not yet. ERR_BEHIND:
 * it is there, without what was committed. Any other error is final, as those
 * of registry_commit().
 */
[[nodiscard]] enum err registry_resume(struct registry *r,
    enum registry_fate *out_fate);

#endif
