/*
 * A registry in a directory of its own, for tests of its verbs. No test here
 * knows which engine it is on.
 */
#ifndef OKSE_TESTS_UNIT_SIGNER_REGISTRY_PLACE_H
#define OKSE_TESTS_UNIT_SIGNER_REGISTRY_PLACE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signer/notary/registry.h"

#define OK(expr) assert_int_equal(expr, ERR_OK)

struct place {
	char		 dir[32];
	char		 path[64];
	struct registry	*r;
};

static inline int
place_new(void **state)
{
	struct place *p = mem_new(1, sizeof(*p));

	assert_non_null(p);
	strncpy(p->dir, "/tmp/okse-registry-XXXXXX", sizeof(p->dir) - 1);
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/registry.db", p->dir);
	OK(registry_open(p->path, &p->r));
	*state = p;
	return 0;
}

static inline int
place_free(void **state)
{
	struct place *p = *state;
	char command[64];

	registry_close(p->r);
	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	assert_int_equal(system(command), 0);
	mem_free(p);
	return 0;
}

static inline struct registry *
reopen(struct place *p)
{
	registry_close(STEAL(p->r));
	OK(registry_open(p->path, &p->r));
	return p->r;
}

static inline struct handle
handle(uint8_t fill)
{
	struct handle h;

	memset(h.at, fill, sizeof(h.at));
	return h;
}

static const struct view resident = { (const uint8_t *)"resident-id", 11 };

static inline struct registry_device
device(uint8_t fill)
{
	return (struct registry_device){ .device = handle(fill),
	    .serial = handle(fill), .state = DEVICE_ACTIVE,
	    .issued_at = 1000, .administrative_expiry = 2000 };
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, place_new, place_free)

#endif
