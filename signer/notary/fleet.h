/*
 * This daemon among others that share its registry: who they are, whose QR
 * tokens count, that they came and went is recorded in every log; and what to
 * do while the registry's server is away. With a registry in a file all of it
 * is nothing.
 */
#ifndef OKSE_SIGNER_NOTARY_FLEET_H
#define OKSE_SIGNER_NOTARY_FLEET_H

#include "base/crypto.h"
#include "credential/issuer.h"
#include "signer/notary/absent.h"
#include "signer/notary/signers.h"

#define FLEET_NODES 64
#define FLEET_KEYS 4		/* of one node, for QR tokens */
#define FLEET_ISSUERS (FLEET_NODES * FLEET_KEYS)

enum fleet_state { FLEET_UNKNOWN, FLEET_JOINED, FLEET_RETIRED };

struct fleet_node {
	int64_t			 node;
	char			 origin[REGISTRY_ORIGIN + 1];
	struct hash		 log_key;	/* SHA-256 of its vkey */
	struct hash		 told_key;	/* as our log says; zero: of an
						   older program */
	struct hash		 qr_hash;	/* of its certificates */
	size_t			 qr_count;	/* those of our CA */
	struct issuer		*qr[FLEET_KEYS];
	bool			 unsure;	/* may have lost something */
	char			 said[REGISTRY_TERM];	/* of itself */
	struct absent		 absent;	/* what we know of it */
	enum fleet_state	 state;		/* as the registry says */
	enum fleet_state	 staged, told;	/* as our log says */
};

/* A commit whose outcome is not known, and what it would have recorded. */
struct fleet_open_commit {
	bool	is;
	size_t	records, done, failed;
	bool	heartbeat;
};

struct fleet {
	X509			*ca;
	int64_t			 next_us;	/* look again, or connect */
	size_t			 count;
	struct fleet_node	 nodes[FLEET_NODES];
	char			 term[REGISTRY_TERM];	/* of the last look */
	int64_t			 looked_us;
	struct fleet_open_commit open;
	/* what our own row says, whether it is staged, and what it should */
	char			 whole[REGISTRY_TERM], staged[REGISTRY_TERM];
};

struct notary;

/* Becomes the node that the configuration says; errors of registry_become. */
[[nodiscard]] enum err fleet_open(struct notary *n);
void fleet_done(struct fleet *f);

/*
 * Who is there, and who of them has found that nothing of it was lost in this
 * history of the database: until all have, n->guard awaits them.
 */
[[nodiscard]] enum err fleet_look(struct notary *n);
/* Tells the others that something of this node is missing. */
[[nodiscard]] enum err fleet_confess(struct notary *n);

/*
 * Now and then: looks who is there, or, while the registry is away, for the
 * way back. *out_back: it was away and is there again, with everything in
 * its place. An error is final, as those of a batch.
 */
[[nodiscard]] enum err fleet_tick(struct notary *n, bool *out_back);
/* A batch ended without an answer: its entries stay staged until then. */
void fleet_commit_is_open(struct notary *n);

/* Those of our own keys, as registry_node has them. */
void fleet_put_certificates(const struct signers *s, int64_t now,
    struct bytes *out);
/* The certificates of other nodes that QR tokens may be signed with. */
size_t fleet_issuers(const struct fleet *f,
    const struct issuer *out[FLEET_ISSUERS]);
/* A token of nobody known: has somebody joined? At most once a second. */
bool fleet_has_grown(struct notary *n);

/* Stages entries of who came and went; then the batch was committed, or not */
[[nodiscard]] enum err fleet_stage(struct notary *n);
void fleet_staged(struct fleet *f, bool durable);

/* Prometheus text: how many nodes, and is the database away? */
void fleet_metrics(const struct notary *n, struct bytes *out);

#endif
