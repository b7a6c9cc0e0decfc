/* Inside a bundle: its directory, for who loads one and who makes one. */
#ifndef OKSE_POLICY_BUNDLE_FILES_H
#define OKSE_POLICY_BUNDLE_FILES_H

#include <dirent.h>

#include "policy/manifest.h"
#include "policy/policy.h"

/* All zero is empty; at[i] is what the manifest lists at i. */
struct bundle_files {
	struct bytes	at[MANIFEST_FILES];
};

void bundle_files_done(struct bundle_files *f);

/* ERR_NOT_FOUND when there is none; messages leave the path to the caller. */
[[nodiscard]] enum err bundle_open(const char *path, DIR **out_dir);
void bundle_close(DIR *dir);
AUTO_DEFINE(DIR, DIR, bundle_close);

/*
 * Each file once: exactly those of the manifest are in dir, each of its
 * length and hash. ERR_MISMATCH, ERR_NOT_FOUND.
 */
[[nodiscard]] enum err bundle_files_read(DIR *dir, const struct manifest *m,
    struct bundle_files *out);

/* The policy of files that were read so. */
[[nodiscard]] enum err bundle_files_parse(const struct bundle_files *f,
    const struct manifest *m, struct policy **out_policy);

#endif
