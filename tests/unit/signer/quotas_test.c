/*
 * quotas_conformance.h on SQLite.
 */
#include "tests/unit/signer/quotas_conformance.h"
