/*
 * Reading and writing signed notes. A note is whatever a web server or a file
 * hands us; nothing in it is believed before note_verify(). Next in the flow:
 * checkpoint.c reads the text.
 */
#include "audit/note.h"

#include <string.h>

static enum err
check_characters(struct view bytes)
{
	if (bytes.len > NOTE_MAX)
		return err_because(ERR_TOO_LARGE, "a note of %zu bytes, over "
		    "%d", bytes.len, NOTE_MAX);
	if (!utf8_valid(bytes))
		return err_because(ERR_SYNTAX, "note: not UTF-8");
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] < 0x20 && bytes.at[i] != '\n')
			return err_because(ERR_SYNTAX, "note: control "
			    "character at byte %zu (C2SP signed-note)", i);
	if (bytes.len == 0 || bytes.at[bytes.len - 1] != '\n')
		return err_because(ERR_SYNTAX,
		    "note: does not end in a line end");
	return ERR_OK;
}

/* Offset just behind the last blank line; 0 when there is none. */
static size_t
find_signatures(struct view bytes)
{
	for (size_t i = bytes.len; i >= 2; i--)
		if (bytes.at[i - 1] == '\n' && bytes.at[i - 2] == '\n')
			return i;
	return 0;
}

/* Beyond ASCII, in well-formed UTF-8: White_Space of Unicode. */
static bool
is_wide_space(struct view v)
{
	uint32_t two = v.len < 2 ? 0 : (uint32_t)v.at[0] << 8 | v.at[1];
	uint32_t three = v.len < 3 ? 0 : two << 8 | v.at[2];

	return two == 0xc285 || two == 0xc2a0 || three == 0xe19a80 ||
	    (three >= 0xe28080 && three <= 0xe2808a) || three == 0xe280a8 ||
	    three == 0xe280a9 || three == 0xe280af || three == 0xe2819f ||
	    three == 0xe38080;
}

/* Keys that nobody here knows may have names beyond ASCII. */
static bool
is_key_name(struct view name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] == '+' ||
		    is_wide_space(VIEW(name.at + i, name.len - i)))
			return false;
	return name.len != 0;
}

static enum err
read_line(struct reader *lines, struct note_line *out_line)
{
	AUTO_DONE(bytes) payload = { .max = NOTE_LINE_BYTES };
	struct reader r = reader_of(reader_until(lines, '\n'));
	struct view dash = reader_take(&r, strlen(NOTE_DASH));
	struct note_line line;

	line.name = reader_until(&r, ' ');
	line.base64 = r.rest;
	if (!view_is(dash, NOTE_DASH) || !is_key_name(line.name))
		return err_because(ERR_SYNTAX, "note: a signature line is "
		    "\"— <name> <base64>\" (C2SP signed-note)");
	TRY(base64_get(line.base64, &payload));
	if (payload.len <= VKEY_ID_SIZE)
		return err_because(ERR_SYNTAX,
		    "note: a signature of %zu bytes with its key id",
		    payload.len);
	memcpy(line.id, payload.at, sizeof(line.id));
	*out_line = line;
	return ERR_OK;
}

static enum err
read_lines(struct view lines, struct note *n)
{
	struct reader r = reader_of(lines);

	while (r.rest.len != 0) {
		if (n->count == NOTE_LINES)
			return err_because(ERR_TOO_LARGE,
			    "note: more than %d signatures", NOTE_LINES);
		TRY(read_line(&r, &n->line[n->count++]));
	}
	return ERR_OK;
}

enum err
note_get_lines(struct view lines, struct view text, struct note *out_note)
{
	struct note n = { .text = text };

	TRY(check_characters(lines));
	TRY(read_lines(lines, &n));
	*out_note = n;
	return ERR_OK;
}

enum err
note_get(struct view bytes, struct note *out_note)
{
	struct note n = { 0 };
	size_t at;

	TRY(check_characters(bytes));
	at = find_signatures(bytes);
	if (at < 2 || at == bytes.len)
		return err_because(ERR_SYNTAX, "note: wanted text, a blank "
		    "line and signature lines (C2SP signed-note)");
	n.text = VIEW(bytes.at, at - 1);
	TRY(read_lines(VIEW(bytes.at + at, bytes.len - at), &n));
	*out_note = n;
	return ERR_OK;
}

static bool
line_is_of(const struct note_line *line, const struct vkey *key)
{
	return view_equal(line->name, vkey_name(key)) &&
	    view_equal(VIEW_OF(line->id), vkey_id(key));
}

size_t
note_lines_of(const struct note *n, const struct vkey *key)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++)
		count += line_is_of(&n->line[i], key);
	return count;
}

static enum err
verify_line(const struct note *n, const struct note_line *line,
    const struct vkey *key, uint64_t *out_time)
{
	AUTO_DONE(bytes) payload = { .max = NOTE_LINE_BYTES };

	TRY(base64_get(line->base64, &payload));
	return vkey_verify(key, n->text, VIEW(payload.at + VKEY_ID_SIZE,
	    payload.len - VKEY_ID_SIZE), out_time);
}

enum err
note_verify(const struct note *n, const struct vkey *key, uint64_t *out_time)
{
	uint64_t newest = 0;
	bool found = false;

	for (size_t i = 0; i < n->count; i++) {
		uint64_t time;

		if (!line_is_of(&n->line[i], key))
			continue;
		TRY(verify_line(n, &n->line[i], key, &time));
		if (time > newest)
			newest = time;
		found = true;
	}
	if (!found)
		return err_because(ERR_NOT_FOUND,
		    "the note is not signed by the key asked for");
	if (out_time != NULL)
		*out_time = newest;
	return ERR_OK;
}

void
note_put_text(struct bytes *out, struct view text)
{
	bytes_put(out, text);
	bytes_put_u8(out, '\n');
}

void
note_put_line(struct bytes *out, const struct note_line *line)
{
	bytes_put_text(out, NOTE_DASH);
	bytes_put(out, line->name);
	bytes_put_u8(out, ' ');
	bytes_put(out, line->base64);
	bytes_put_u8(out, '\n');
}

void
note_put_signature(struct bytes *out, const struct vkey *key,
    struct view signature)
{
	AUTO_DONE(bytes) payload = { .max = NOTE_LINE_BYTES };

	bytes_put(&payload, vkey_id(key));
	bytes_put(&payload, signature);
	if (payload.failed)
		out->failed = true;
	bytes_put_text(out, NOTE_DASH);
	bytes_put(out, vkey_name(key));
	bytes_put_u8(out, ' ');
	base64_put(out, bytes_view(&payload));
	bytes_put_u8(out, '\n');
}
