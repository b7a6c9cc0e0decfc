/*
 * Writing JSON into a buffer: members appear in the order they are put, with
 * no white space, raw UTF-8, only the escapes RFC 8259 demands. The reader is
 * base/json_tree.h; this only writes.
 *
 *	struct json j = json_start(&buffer);
 *	json_record(&j, NULL);
 *	json_text(&j, "vct", view);
 *	json_items(&j, "_sd");
 *	json_text(&j, NULL, digest);
 *	json_close(&j);
 *	json_close(&j);
 *	TRY(json_end(&j));
 *
 * name is NULL in arrays and at the top. Mistakes in use (a name where none
 * belongs, unbalanced closing, depth over 16, text that is not UTF-8) are
 * found by json_end() as ERR_INTERNAL.
 */
#ifndef OKSE_BASE_JSON_H
#define OKSE_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define JSON_DEPTH 16

struct json {
	struct bytes	*out;
	char		 closer[JSON_DEPTH];	/* '}' or ']' of each level */
	unsigned int	 depth;
	bool		 comma;			/* one is due before the next */
	bool		 misused;
};

/* The names keep clear of jansson's, which some programs link as well. */
struct json json_start(struct bytes *out);
void json_record(struct json *j, const char *name);
void json_items(struct json *j, const char *name);
void json_close(struct json *j);
void json_text(struct json *j, const char *name, struct view utf8);
void json_c_text(struct json *j, const char *name, const char *text);
void json_int(struct json *j, const char *name, int64_t v);
void json_bool(struct json *j, const char *name, bool v);
void json_none(struct json *j, const char *name);
void json_hex(struct json *j, const char *name, struct view v);
void json_base64url(struct json *j, const char *name, struct view v);
void json_base64(struct json *j, const char *name, struct view v);
/* Puts a value that is JSON already, unchecked. */
void json_raw(struct json *j, const char *name, struct view value);
/*
 * How many bytes at its start stand for themselves within quotes: ASCII but
 * for control characters, '"' and '\\'.
 */
size_t json_plain_run(struct view v);
[[nodiscard]] enum err json_end(const struct json *j);

#endif
