/*
 * The manifest of a policy bundle (bundle.txt describes it): which files it
 * has, when it counts, what it replaces. It is what officers sign.
 */
#ifndef OKSE_POLICY_MANIFEST_H
#define OKSE_POLICY_MANIFEST_H

#include "base/crypto.h"
#include "base/time.h"

#define MANIFEST_DOMAIN "okse/policy-bundle/v1"	/* its first line */
#define MANIFEST_SIZE 16384
#define MANIFEST_FILES 64
#define MANIFEST_NAME 64		/* bytes of a file's name */

struct manifest_file {
	char		name[MANIFEST_NAME + 1];
	uint64_t	length;
	struct hash	hash;		/* SHA-256 of the content */
};

struct manifest {
	int64_t			serial;		/* from 1 */
	int64_t			not_before;	/* instants */
	int64_t			expires;	/* exclusive */
	uint64_t		program;	/* OKSE_VERSION at least */
	size_t			count;
	struct manifest_file	files[MANIFEST_FILES];	/* by name */
};

/* a-z, 0-9, '-', '_', '.', beginning with one of the first two; .yaml */
bool manifest_name_fits(struct view name);

/*
 * One manifest has one text: what manifest_get() accepts, manifest_put()
 * writes back byte for byte. ERR_SYNTAX; ERR_RANGE: it never counts.
 */
[[nodiscard]] enum err manifest_get(struct view text, struct manifest *out);
[[nodiscard]] enum err manifest_put(const struct manifest *m,
    struct bytes *out);

#endif
