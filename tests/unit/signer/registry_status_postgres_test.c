/*
 * The same on the other engine: registry_status_test.c over PostgreSQL.
 */
#define PLACE_ON_POSTGRES
#include "tests/unit/signer/registry_status_test.c"
