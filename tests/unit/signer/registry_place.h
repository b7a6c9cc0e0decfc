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

#include "signer/notary/registry_fleet.h"
#ifdef PLACE_ON_POSTGRES
#include "tests/unit/signer/cluster.h"
#endif

#define OK(expr) assert_int_equal(expr, ERR_OK)

struct place {
	char		 dir[32];
	char		 path[128];
	struct registry	*r;
};

#ifdef PLACE_ON_POSTGRES

static struct cluster cluster;

/* One server for all tests of a program, its tables empty for each. */
static inline int
places_open(void **state)
{
	AUTO(registry) r = NULL;
	struct registry_node self = { .origin = "okse.example/log",
	    .log_key = { (const uint8_t *)"key", 3 },
	    .qr_certificates = { (const uint8_t *)"qr", 2 }, .joined_at = 1 };
	int from, to;

	(void)state;
	assert_true(cluster_start(&cluster, ""));
	OK(registry_migrate(cluster.owner, &from, &to));
	OK(registry_open_owner(cluster.owner, &r));
	OK(registry_grant(r, "okse"));
	OK(registry_join(r, &self));
	return 0;
}

static inline int
places_close(void **state)
{
	(void)state;
	cluster_stop(&cluster);
	return 0;
}

static inline void
place_open(struct place *p)
{
	struct registry_node self = { .origin = "okse.example/log",
	    .log_key = { (const uint8_t *)"key", 3 },
	    .qr_certificates = { (const uint8_t *)"qr", 2 } };

	OK(registry_open(p->path, &p->r));
	OK(registry_become(p->r, &self));
}

static inline void
place_make(struct place *p)
{
	assert_true(cluster_sql(&cluster, "TRUNCATE okse.device, "
	    "okse.device_key, okse.qr, okse.nonce, okse.quota, "
	    "okse.status_list, okse.status_version, okse.status_use, "
	    "okse.idem, okse.orphan, okse.entry, okse.meta"));
	snprintf(p->path, sizeof(p->path), "%s", cluster.daemon);
}

static inline void
place_remove(struct place *p)
{
	(void)p;
}

#else

static inline int
places_open(void **state)
{
	(void)state;
	return 0;
}

static inline int
places_close(void **state)
{
	(void)state;
	return 0;
}

static inline void
place_open(struct place *p)
{
	OK(registry_open(p->path, &p->r));
}

static inline void
place_make(struct place *p)
{
	strncpy(p->dir, "/tmp/okse-registry-XXXXXX", sizeof(p->dir) - 1);
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/registry.db", p->dir);
}

static inline void
place_remove(struct place *p)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", p->dir);
	assert_int_equal(system(command), 0);
}

#endif

static inline int
place_new(void **state)
{
	struct place *p = mem_new(1, sizeof(*p));

	assert_non_null(p);
	place_make(p);
	place_open(p);
	*state = p;
	return 0;
}

static inline int
place_free(void **state)
{
	struct place *p = *state;

	registry_close(p->r);
	place_remove(p);
	mem_free(p);
	return 0;
}

static inline struct registry *
reopen(struct place *p)
{
	registry_close(STEAL(p->r));
	place_open(p);
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
