/* The JSON of policy/effective.h for people, to standard output. */
#ifndef OKSE_CLI_EFFECTIVE_H
#define OKSE_CLI_EFFECTIVE_H

#include "base/bytes.h"

/* ERR_INTERNAL when it is not JSON. */
[[nodiscard]] enum err effective_print(struct view json);

#endif
