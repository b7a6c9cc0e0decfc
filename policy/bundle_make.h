/*
 * Making bundles: for officers' tools and tests; nothing of the daemon uses
 * it.
 */
#ifndef OKSE_POLICY_BUNDLE_MAKE_H
#define OKSE_POLICY_BUNDLE_MAKE_H

#include "policy/bundle.h"
#include "quorum/approve.h"

struct bundle_plan {
	int64_t	not_before, expires;	/* instants */
};

/*
 * Writes the manifest of the policy in dir, which must pass policy_parse()
 * and have nothing beside *.yaml. Signatures that were there are removed:
 * they were over another. The serial is that of the policy's head.
 */
[[nodiscard]] enum err bundle_prepare(const char *dir,
    const struct bundle_plan *plan);

/*
 * Reads the manifest in dir for someone about to sign it: the files are as it
 * says and the policy is sound. ERR_NOT_FOUND: none was prepared.
 */
[[nodiscard]] enum err bundle_review(const char *dir, struct manifest *out);

/* Adds an officer's signature; reviews first. Errors as of approve(). */
[[nodiscard]] enum err bundle_sign(const char *dir,
    const struct roster *roster, unsigned int seat, EVP_PKEY *key,
    struct approvals *out_signers);

/*
 * Copies the bundle from to dir/serial, durably: after a crash it is there
 * whole or not at all. What is there already with the same manifest gets
 * these signatures; ERR_EXISTS: another manifest has this serial.
 */
[[nodiscard]] enum err bundle_install(const char *from, const char *dir);

#endif
