/*
 * registry_orphan_conformance.h on PostgreSQL.
 */
#define PLACE_ON_POSTGRES
#include "tests/unit/signer/registry_orphan_conformance.h"
