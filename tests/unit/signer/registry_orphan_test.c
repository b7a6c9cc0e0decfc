/*
 * registry_orphan_conformance.h on SQLite.
 */
#include "tests/unit/signer/registry_orphan_conformance.h"
