/*
 * Reading a transcript: every field in its one form, every hash, every rule of
 * order. The text is evidence of unknown origin; nothing in it is believed
 * before its record's hash has been checked.
 * Next: verify.c compares the records with script, files and certificates.
 */
#include <string.h>

#include "base/time.h"
#include "ceremony/payload.h"

#define FIELDS 9

/* Where in the order of records the reader is. */
struct order {
	struct view	 step;		/* of the INTENT not yet answered */
	bool		 in_step;
	bool		 begun;		/* a step has been */
	bool		 ended;		/* by CLOSE or ABORT */
	const struct record *last;
};

void
records_done(struct records *r)
{
	mem_free(r->at);
	*r = (struct records){ 0 };
}

static enum err
corrupt(uint64_t number, const char *what)
{
	return err_because(ERR_CORRUPT, "transcript record %ju: %s",
	    (uintmax_t)number, what);
}

/* A decimal number without leading zeros or sign. */
static bool
take_number(struct view text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len < 1 || text.len > 18 ||
	    (text.len > 1 && text.at[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		value = value * 10 + (text.at[i] - '0');
	}
	*out = value;
	return true;
}

static bool
take_time(struct view text, int64_t *out)
{
	char again[INSTANT_TEXT];

	return instant_get(text, out) == ERR_OK &&
	    view_is(text, instant_text(*out, again));
}

static bool
take_type(struct view text, enum record_type *out)
{
	for (enum record_type t = 0; t < RECORD_TYPES; t++)
		if (view_is(text, record_type_name(t))) {
			*out = t;
			return true;
		}
	return false;
}

static bool
take_hash(struct view text, struct hash *out)
{
	AUTO_DONE(bytes) raw = { 0 };

	if (text.len != 2 * SHA256_SIZE || hex_get(text, &raw) != ERR_OK)
		return false;
	memcpy(out->at, raw.at, SHA256_SIZE);
	return true;
}

/* Exactly FIELDS parts of the line, which has no line end. */
static bool
split(struct view line, struct view fields[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++) {
		const uint8_t *bar = line.len == 0 ? NULL :
		    memchr(line.at, '|', line.len);
		size_t len = bar != NULL ? (size_t)(bar - line.at) : line.len;

		if ((bar != NULL) != (i + 1 < FIELDS))
			return false;
		fields[i] = VIEW(line.at, len);
		if (bar != NULL)
			line = VIEW(bar + 1, line.len - len - 1);
	}
	return true;
}

static enum err
read_record(struct view line, const char *mode, uint64_t number,
    const struct hash *previous, struct record *out)
{
	struct view f[FIELDS];
	struct record r = { 0 };
	struct hash chained, right;

	if (!split(line, f))
		return corrupt(number, "wanted nine fields parted by |");
	if (!take_hash(f[8], &r.hash) || !take_hash(f[7], &chained))
		return corrupt(number, "wanted two hashes of 64 digits");
	right = record_hash(mode, VIEW(line.at, line.len - f[8].len - 1));
	if (!view_equal(VIEW_OF(right.at), VIEW_OF(r.hash.at)))
		return corrupt(number, "its hash does not fit it");
	if (!view_equal(VIEW_OF(chained.at), VIEW_OF(previous->at)))
		return corrupt(number, "it does not follow the one before");
	if (!take_number(f[0], &r.number) || r.number != number)
		return corrupt(number, "its number is not the next");
	if (!take_time(f[1], &r.time) || !take_number(f[2], &r.elapsed_ms))
		return corrupt(number, "its time is not well formed");
	if (!take_type(f[3], &r.type))
		return corrupt(number, "its type is not known");
	if (!record_word_fits(f[4]) || !record_word_fits(f[5]) ||
	    !payload_check(f[6]))
		return corrupt(number, "step, actor or payload is not well "
		    "formed");
	r.step = f[4];
	r.actor = f[5];
	r.payload = f[6];
	*out = r;
	return ERR_OK;
}

static const unsigned int places[] = {
#define X(name, where) [RECORD_##name] = (where),
	RECORD_TABLE(X)
#undef X
};

static unsigned int
place_now(const struct order *o)
{
	if (o->in_step)
		return PLACE_STEP;
	return o->begun ? PLACE_BETWEEN : PLACE_START;
}

/* What is wrong with this record at this place, or NULL. */
static const char *
misplaced(const struct order *o, const struct record *r)
{
	if (o->ended)
		return "it stands after the end";
	if ((r->type == RECORD_OPEN) != (r->number == 1))
		return "OPEN is the first record, and no other";
	if (o->last != NULL && (r->time < o->last->time ||
	    r->elapsed_ms < o->last->elapsed_ms))
		return "its time is before that of the one before";
	if ((places[r->type] & place_now(o)) == 0)
		return o->in_step ? "the step before has no RESULT" :
		    "it is outside of any step, or of the opening";
	if (o->in_step && !view_equal(r->step, o->step) &&
	    r->type != RECORD_ABORT)
		return "it is of another step than the INTENT before it";
	return NULL;
}

static enum err
place(struct order *o, const struct record *r)
{
	const char *wrong = misplaced(o, r);

	if (wrong != NULL)
		return corrupt(r->number, wrong);
	if (r->type == RECORD_INTENT) {
		o->in_step = o->begun = true;
		o->step = r->step;
	}
	if (r->type == RECORD_RESULT)
		o->in_step = false;
	o->ended = r->type == RECORD_CLOSE || r->type == RECORD_ABORT;
	o->last = r;
	return ERR_OK;
}

/* The mode that record 1 names, which its own hash must bear out. */
static enum err
check_mode(const struct record *first, const char *mode)
{
	AUTO_DONE(bytes) named = { 0 };

	TRY(record_get(first, "mode", &named));
	if (!view_is(bytes_view(&named), mode))
		return err_because(ERR_MISMATCH,
		    "the transcript is not of a %s", mode);
	return ERR_OK;
}

static enum err
read_all(struct view text, const char *mode, struct records *r)
{
	struct hash previous = { 0 };
	struct order order = { 0 };

	while (text.len != 0) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		struct record *to = &r->at[r->count];
		size_t len = end != NULL ? (size_t)(end - text.at) : text.len;

		if (len >= TRANSCRIPT_LINE)
			return corrupt(r->count + 1, "it is longer than a "
			    "record may be");
		if (end == NULL) {
			r->torn = text;
			break;
		}
		TRY(read_record(VIEW(text.at, len), mode, r->count + 1,
		    &previous, to));
		TRY(place(&order, to));
		previous = to->hash;
		r->count++;
		r->size += len + 1;
		text = VIEW(end + 1, text.len - len - 1);
	}
	if (r->count == 0)
		return corrupt(1, "missing: it is OPEN");
	r->ended = order.ended;
	r->root = previous;
	return check_mode(&r->at[0], mode);
}

static size_t
count_lines(struct view text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	return lines;
}

AUTO_DEFINE(record, struct record, mem_free);

enum err
transcript_read(struct view text, const char *mode,
    struct records *out_records)
{
	struct records r = { 0 };
	AUTO(record) at = NULL;

	if (text.len > TRANSCRIPT_SIZE)
		return err_because(ERR_TOO_LARGE,
		    "a transcript has at most %zu bytes", TRANSCRIPT_SIZE);
	at = mem_new(count_lines(text) + 1, sizeof(*at));
	if (at == NULL)
		return err_because(ERR_MEMORY, "transcript");
	r.at = at;
	TRY(read_all(text, mode, &r));
	(void)STEAL(at);
	*out_records = r;
	return ERR_OK;
}

enum err
transcript_verify(struct view text, const char *mode,
    struct records *out_records)
{
	AUTO_DONE(records) r = { 0 };

	TRY(transcript_read(text, mode, &r));
	if (r.torn.len != 0)
		return corrupt(r.count + 1, "its line has no end");
	if (!r.ended)
		return corrupt(r.count + 1, "missing: a transcript ends with "
		    "CLOSE or ABORT");
	if (r.at[r.count - 1].type != RECORD_CLOSE)
		return err_because(ERR_MISMATCH, "the ceremony was not "
		    "completed: record %zu is ABORT", r.count);
	*out_records = r;
	r = (struct records){ 0 };
	return ERR_OK;
}
