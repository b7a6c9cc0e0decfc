/*
 * Cosignatures on their way from a witness into a note. Answers come from the
 * network: only lines that verify are taken. Next in the flow: trust_open.c.
 */
#include "audit/cosignature.h"

void
cosignature_put(struct bytes *out, const struct vkey *witness, uint64_t time,
    struct view signature)
{
	AUTO_DONE(bytes) payload = { 0 };

	bytes_put_u64(&payload, time);
	bytes_put(&payload, signature);
	if (payload.failed)
		out->failed = true;
	note_put_signature(out, witness, bytes_view(&payload));
}

enum err
cosignature_take(struct view answer, struct view text,
    const struct vkey *witness, uint64_t *out_time, struct bytes *out)
{
	struct note all, one;
	uint64_t newest, time;

	TRY(note_get_lines(answer, text, &all));
	TRY(note_verify(&all, witness, &newest));
	for (size_t i = 0; i < all.count; i++) {
		one = (struct note){ .text = text, .count = 1,
			.line = { all.line[i] } };
		if (note_lines_of(&one, witness) == 0)
			continue;
		TRY(note_verify(&one, witness, &time));
		if (time != newest)
			continue;
		note_put_line(out, &all.line[i]);
		break;
	}
	TRY(bytes_check(out));
	*out_time = newest;
	return ERR_OK;
}

enum err
cosignature_add(struct view note, const struct vkey *witness,
    struct view line, struct bytes *out)
{
	struct note n, one;

	TRY(note_get(note, &n));
	TRY(note_get_lines(line, n.text, &one));
	note_put_text(out, n.text);
	for (size_t i = 0; i < n.count; i++) {
		one = (struct note){ .count = 1, .line = { n.line[i] } };
		if (note_lines_of(&one, witness) == 0)
			note_put_line(out, &n.line[i]);
	}
	bytes_put(out, line);
	return bytes_check(out);
}
