/*
 * What the commands of the registry share.
 */
#ifndef OKSE_CLI_REGISTRY_H
#define OKSE_CLI_REGISTRY_H

#include "cli/service.h"

/* One call at the officers' socket. */
[[nodiscard]] enum err registry_call(const struct arguments *a,
    const char *method, const char *path, struct view body,
    struct answer *out);

/* Checks a copy and tells what it found: the exit status. */
int registry_verify_file(const struct arguments *a, const char *path);

#endif
