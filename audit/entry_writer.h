/*
 * Inside entry*.c: an entry being written. Members may be put in any order;
 * finish() brings them into that of the schema, adds those that every entry
 * has, and checks what came of it as a verifier would.
 *
 *	AUTO_DONE(writer) w = { 0 };
 *
 *	writer_text(&w, SCHEMA_REASON, reason);
 *	return writer_finish(&w, SCHEMA_EVENT_STOP, c, out);
 */
#ifndef OKSE_AUDIT_ENTRY_WRITER_H
#define OKSE_AUDIT_ENTRY_WRITER_H

#include "audit/entry.h"
#include "base/json.h"

struct writer {
	struct bytes	values;
	struct {
		size_t	start, len;	/* len 0: absent */
	} at[SCHEMA_MEMBER_COUNT];
	struct json	json;		/* the value being written … */
	size_t		start;		/* … from here on */
	bool		failed;
};

void writer_done(struct writer *w);

/* For values of more than one part: between the two, into the json. */
struct json *writer_begin(struct writer *w);
void writer_end(struct writer *w, enum schema_member m);

/* NULL and a count of 0 leave the member out. */
void writer_text(struct writer *w, enum schema_member m, const char *text);
void writer_id(struct writer *w, enum schema_member m, const uint8_t *id,
    size_t size);
void writer_hash(struct writer *w, enum schema_member m,
    const struct hash *hash);
void writer_indexes(struct writer *w, enum schema_member m,
    const uint64_t *at, size_t count);
void writer_hexes(struct writer *w, enum schema_member m, const uint8_t *at,
    size_t count, size_t size);
void writer_tally(struct writer *w, enum schema_member m,
    const struct entry_tally *at, size_t count);

void writer_int(struct writer *w, enum schema_member m, int64_t v);
void writer_count(struct writer *w, enum schema_member m, uint64_t v);

[[nodiscard]] enum err writer_finish(struct writer *w,
    enum schema_event event, const struct entry_common *c,
    struct bytes *out);

#endif
