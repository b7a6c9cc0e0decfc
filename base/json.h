/*
 * Writing JSON into a buffer: members appear in the order they are put, with
 * no white space, raw UTF-8, only the escapes RFC 8259 demands. Readers are
 * elsewhere (jansson); this only writes.
 *
 *	struct json j = json_start(&buffer);
 *	json_object(&j, NULL);
 *	json_text(&j, "vct", view);
 *	json_array(&j, "_sd");
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

/*
 * jansson has functions by four of these names. One file cannot include both
 * headers; in one program each must call its own, hence names of ours for the
 * linker.
 */
#define JSON_LINKED_AS(name) __asm__("okse_" name)

struct json json_start(struct bytes *out);
void json_object(struct json *j, const char *name)
    JSON_LINKED_AS("json_object");
void json_array(struct json *j, const char *name)
    JSON_LINKED_AS("json_array");
void json_close(struct json *j);
void json_text(struct json *j, const char *name, struct view utf8);
void json_string(struct json *j, const char *name, const char *text)
    JSON_LINKED_AS("json_string");
void json_int(struct json *j, const char *name, int64_t v);
void json_bool(struct json *j, const char *name, bool v);
void json_null(struct json *j, const char *name)
    JSON_LINKED_AS("json_null");
void json_hex(struct json *j, const char *name, struct view v);
void json_base64url(struct json *j, const char *name, struct view v);
void json_base64(struct json *j, const char *name, struct view v);
/* Puts a value that is JSON already, unchecked. */
void json_raw(struct json *j, const char *name, struct view value);
[[nodiscard]] enum err json_end(const struct json *j);

#endif
