/*
 * quotas_conformance.h on PostgreSQL.
 */
#define PLACE_ON_POSTGRES
#include "tests/unit/signer/quotas_conformance.h"
