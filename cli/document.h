/*
 * A JSON document from outside, read strictly (no duplicate members, nothing
 * behind it), asked by path: "decision.rules.0.id".
 */
#ifndef OKSE_CLI_DOCUMENT_H
#define OKSE_CLI_DOCUMENT_H

#include <stdint.h>

#include "base/bytes.h"

struct document;

/* ERR_SYNTAX with line and column, never the text. */
[[nodiscard]] enum err document_parse(struct view text,
    struct document **out_document);
void document_free(struct document *d);
AUTO_STRUCT(document);

bool document_has(const struct document *d, const char *path);
/* NULL, otherwise, or 0 when there is no such member of that type. */
const char *document_text(const struct document *d, const char *path);
int64_t document_int(const struct document *d, const char *path,
    int64_t otherwise);
bool document_true(const struct document *d, const char *path);
size_t document_count(const struct document *d, const char *path);

/* The document with the members of another in place of, or beside, its own */
[[nodiscard]] enum err document_merge(const struct document *d,
    struct view members, struct bytes *out);

#endif
