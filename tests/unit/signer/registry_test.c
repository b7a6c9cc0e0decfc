/*
 * registry_conformance.h on SQLite.
 */
#include "tests/unit/signer/registry_conformance.h"
