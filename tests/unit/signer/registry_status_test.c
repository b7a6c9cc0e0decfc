/*
 * registry_status_conformance.h on SQLite.
 */
#include "tests/unit/signer/registry_status_conformance.h"
