/*
 * A policy bundle (bundle.txt describes it): a directory of a manifest, the
 * files it lists, and officers' signatures over the manifest. Loading one is
 * the daemon's only way to a policy, and there is no way in it around the
 * signatures: without enough of them nothing else is looked at.
 *
 * Bundles lie side by side in one directory, each named by its serial; which
 * of them is in force is in the registry.
 */
#ifndef OKSE_POLICY_BUNDLE_H
#define OKSE_POLICY_BUNDLE_H

#include <limits.h>

#include "policy/manifest.h"
#include "policy/policy.h"
#include "quorum/approval.h"

/* What was last in force: a serial names one manifest for ever. */
struct bundle_mark {
	int64_t		serial;		/* 0: nothing was */
	struct hash	manifest;
};

struct bundle;

/*
 * Reads every file once, and in this order: the signatures over the manifest,
 * the manifest, serial and program version, the files against their lengths
 * and hashes, and only then YAML. ERR_FORBIDDEN: too few officers;
 * ERR_SIGNATURE and others of approvals_verify(); ERR_EXISTS: the serial is
 * older than highest's; ERR_MISMATCH: highest's serial with another manifest,
 * a file that is not as listed, or not listed, or a policy of another serial;
 * ERR_NOT_FOUND: a file is missing; ERR_UNSUPPORTED: for a newer program; and
 * those of policy_parse(). Messages name files, not path.
 */
[[nodiscard]] enum err bundle_load(const char *path,
    const struct roster *roster, const struct bundle_mark *highest,
    struct bundle **out_bundle);
void bundle_free(struct bundle *b);
AUTO_STRUCT(bundle);

/*
 * ERR_RANGE: not yet, or not any more. Asked before a bundle comes into force
 * and again by every decision.
 */
[[nodiscard]] enum err bundle_timely(const struct bundle *b, int64_t now);

const struct policy *bundle_policy(const struct bundle *b);
const struct manifest *bundle_manifest(const struct bundle *b);
const struct hash *bundle_hash(const struct bundle *b);	/* of the manifest */
const struct approvals *bundle_signers(const struct bundle *b);
struct bundle_mark bundle_mark_of(const struct bundle *b);
/* "serial", "sha256", "manifest", "not_before", … into an open object. */
void bundle_put(const struct bundle *b, struct json *j);

/* dir/serial */
[[nodiscard]] enum err bundle_path(const char *dir, int64_t serial,
    char out[PATH_MAX]);
/* The lowest serial above that dir has a bundle of; ERR_NOT_FOUND: none. */
[[nodiscard]] enum err bundle_after(const char *dir, int64_t above,
    int64_t *out_serial);
/* The highest one. */
[[nodiscard]] enum err bundle_newest(const char *dir, int64_t *out_serial);

#endif
