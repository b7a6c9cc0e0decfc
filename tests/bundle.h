/*
 * A policy bundle of test officers in a directory of its own, small enough to
 * be signed and loaded thousands of times. Everything aborts on failure.
 */
#ifndef OKSE_TESTS_BUNDLE_H
#define OKSE_TESTS_BUNDLE_H

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#include "policy/bundle_make.h"
#include "tests/officers.h"

#define BUNDLE_PROGRAMME                                                      \
	"kind: programme\nprogramme: resident-id\nvct: v\n"                   \
	"operations: [credential]\nformats: [dc+sd-jwt]\nage-over: []\n"      \
	"claims: { birth_date: { type: date, required: true } }\n"            \
	"validity: { administrative: P3Y, ends: exact, technical: P30D,"      \
	" qr-token: PT180S }\n"                                               \
	"rules: { open: { kind: period, from: 2024-12-27T00:00:00Z } }\n"

static inline void
bundle_write(const char *dir, const char *name, struct view content)
{
	char path[PATH_MAX];

	MUST(path_join(dir, name, path, sizeof(path)));
	MUST(file_publish(path, content, 0644));
}

static inline void
bundle_head(const char *dir, int64_t serial)
{
	AUTO_DONE(bytes) head = { 0 };

	bytes_printf(&head, "kind: policy\nserial: %jd\n"
	    "leap-birthday: march-1\n", (intmax_t)serial);
	bundle_write(dir, "policy.yaml", bytes_view(&head));
}

/* Manifest anew and these signatures (seats, ended by 0). */
static inline void
bundle_seal(const char *dir, const struct officers *o,
    const struct bundle_plan *plan, const unsigned int *seats)
{
	struct approvals signers;

	MUST(bundle_prepare(dir, plan));
	for (; *seats != 0; seats++)
		MUST(bundle_sign(dir, &o->roster, *seats,
		    o->keys[*seats - 1], &signers));
}

static inline void
bundle_remove(const char *dir)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	must_be(system(command) == 0, command);
}

#endif
