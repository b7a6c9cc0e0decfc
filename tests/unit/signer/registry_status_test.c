/*
 * registry_status_conformance.h on SQLite, and registry_status_postgres_test.c the same elsewhere.
 */
#include "tests/unit/signer/registry_status_conformance.h"
