/*
 * A value of a claim, as it travels between processes: text, integer,
 * boolean, list or map, at most VALUE_DEPTH deep. There are no floats and no
 * null. Lists and maps own their members; text points into the frame that
 * was decoded (or into whatever the builder pointed it at).
 *
 * Wire form: u8 kind, then text: block; integer: u64 (two's complement);
 * boolean: u8 0|1; list: u16 count, values; map: u16 count, (block name,
 * value) with names unique.
 */
#ifndef OKSE_POLICY_VALUE_H
#define OKSE_POLICY_VALUE_H

#include "base/bytes.h"

#define VALUE_DEPTH 5	/* driving_privileges[].codes[].code */
#define VALUE_MEMBERS 128	/* of one list or map */
#define VALUE_TEXT 65536	/* bytes of one text */

enum value_kind {
	VALUE_NONE,		/* absent */
	VALUE_STRING,
	VALUE_INTEGER,
	VALUE_BOOLEAN,
	VALUE_LIST,
	VALUE_MAP,
};

struct value {
	enum value_kind	 kind;
	struct view	 text;
	int64_t		 integer;	/* VALUE_INTEGER; 0 or 1 of a boolean */
	struct member	*members;	/* of a list (names empty) or map */
	size_t		 count;
};

struct member {
	struct view	name;
	struct value	value;
};

void value_done(struct value *v);

/* Room for count members in a list or map; ERR_RANGE over VALUE_MEMBERS. */
[[nodiscard]] enum err value_reserve(struct value *v, enum value_kind kind,
    size_t count);

/* The member of a map, or NULL. */
const struct value *value_find(const struct value *map, const char *name);

void value_put(struct bytes *b, const struct value *v);
/* Strict; failure is kept in r as reader functions do, and *out is empty. */
void value_get(struct reader *r, struct value *out);

#endif
