/*
 * registry_conformance.h on SQLite, and registry_postgres_test.c the same elsewhere.
 */
#include "tests/unit/signer/registry_conformance.h"
