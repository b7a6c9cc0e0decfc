/*
 * Where a published log is, as people give it: a directory, or the address of
 * a web server (http:// or https://) that serves one.
 */
#ifndef OKSE_CLI_PLACE_H
#define OKSE_CLI_PLACE_H

#include "audit/files.h"
#include "base/mem.h"

struct place;

/* ERR_NOT_FOUND: no such directory; nothing is fetched yet. */
[[nodiscard]] enum err place_open(const char *text, struct place **out_place);
void place_free(struct place *p);
AUTO_STRUCT(place);

/* As long as the place stays. */
const struct log_files *place_files(const struct place *p);

#endif
