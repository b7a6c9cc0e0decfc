/*
 * Writing canonical JSON member by member. The values come from the notary;
 * texts among them are checked by reading back what was written. Next in the
 * flow: the registry's commit, then publish.c.
 */
#include "audit/entry_writer.h"

void
writer_done(struct writer *w)
{
	bytes_done(&w->values);
}

struct json *
writer_begin(struct writer *w)
{
	w->start = w->values.len;
	w->json = json_start(&w->values);
	return &w->json;
}

void
writer_end(struct writer *w, enum schema_member m)
{
	w->failed |= json_end(&w->json) != ERR_OK;
	w->at[m].start = w->start;
	w->at[m].len = w->values.len - w->start;
}

void
writer_text(struct writer *w, enum schema_member m, const char *text)
{
	if (text == NULL)
		return;
	json_c_text(writer_begin(w), NULL, text);
	writer_end(w, m);
}

void
writer_id(struct writer *w, enum schema_member m, const uint8_t *id,
    size_t size)
{
	if (id == NULL)
		return;
	json_hex(writer_begin(w), NULL, VIEW(id, size));
	writer_end(w, m);
}

void
writer_hash(struct writer *w, enum schema_member m, const struct hash *hash)
{
	if (hash != NULL)
		writer_id(w, m, hash->at, sizeof(hash->at));
}

void
writer_int(struct writer *w, enum schema_member m, int64_t v)
{
	json_int(writer_begin(w), NULL, v);
	writer_end(w, m);
}

void
writer_count(struct writer *w, enum schema_member m, uint64_t v)
{
	writer_int(w, m, (int64_t)v);
}

void
writer_indexes(struct writer *w, enum schema_member m, const uint64_t *at,
    size_t count)
{
	struct json *j = writer_begin(w);

	json_items(j, NULL);
	for (size_t i = 0; i < count; i++)
		json_int(j, NULL, (int64_t)at[i]);
	json_close(j);
	writer_end(w, m);
}

void
writer_hexes(struct writer *w, enum schema_member m, const uint8_t *at,
    size_t count, size_t size)
{
	struct json *j;

	if (count == 0)
		return;
	j = writer_begin(w);
	json_items(j, NULL);
	for (size_t i = 0; i < count; i++)
		json_hex(j, NULL, VIEW(at + i * size, size));
	json_close(j);
	writer_end(w, m);
}

void
writer_tally(struct writer *w, enum schema_member m,
    const struct entry_tally *at, size_t count)
{
	struct json *j;

	if (count == 0)
		return;
	j = writer_begin(w);
	json_record(j, NULL);
	for (size_t i = 0; i < count; i++)
		json_int(j, at[i].name, (int64_t)at[i].count);
	json_close(j);
	writer_end(w, m);
}

static void
put_common(struct writer *w, enum schema_event event,
    const struct entry_common *c)
{
	writer_id(w, SCHEMA_BOOT, c->boot, sizeof(c->boot));
	writer_text(w, SCHEMA_EV, schema_event_name(event));
	writer_id(w, SCHEMA_N, c->nonce, sizeof(c->nonce));
	writer_count(w, SCHEMA_SEQ, c->seq);
	writer_int(w, SCHEMA_T, c->t);
	writer_int(w, SCHEMA_V, SCHEMA_FORMAT);
}

static enum err
put_sorted(const struct writer *w, struct bytes *line)
{
	struct json j = json_start(line);

	json_record(&j, NULL);
	for (unsigned int m = 0; m < SCHEMA_MEMBER_COUNT; m++)
		if (w->at[m].len != 0)
			json_raw(&j, schema_member_name(m),
			    VIEW(w->values.at + w->at[m].start,
			    w->at[m].len));
	json_close(&j);
	return json_end(&j);
}

enum err
writer_finish(struct writer *w, enum schema_event event,
    const struct entry_common *c, struct bytes *out)
{
	AUTO_DONE(bytes) line = { .max = SCHEMA_ENTRY_MAX };
	struct schema_entry read_back;

	put_common(w, event, c);
	TRY(bytes_check(&w->values));
	if (w->failed)
		return err_because(ERR_SYNTAX,
		    "a text for the log is not UTF-8");
	TRY(put_sorted(w, &line));
	TRY(schema_get(bytes_view(&line), &read_back));
	bytes_put(out, bytes_view(&line));
	return bytes_check(out);
}
