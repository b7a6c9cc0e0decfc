/*
 * Between script.c and script_check.c alone.
 */
#ifndef OKSE_CEREMONY_SCRIPT_PARTS_H
#define OKSE_CEREMONY_SCRIPT_PARTS_H

#include "ceremony/script.h"

/* Judges a struct script whose parts have been bound. */
[[nodiscard]] enum err script_check(struct yaml_mark at, const void *value);

#endif
