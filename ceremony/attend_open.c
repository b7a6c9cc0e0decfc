/*
 * Before the first step: hashes are read back from the participants' own
 * paper, watches are compared with the host's clock, and everyone signs that
 * they are here. A tool that lies about itself can lie here too; what helps is
 * that the answers come from paper it has never seen. Next: attend.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "ceremony/steps.h"
#include "quorum/words.h"

#define ASKED 2			/* words of a hash */
#define TRIES 3
#define CLOCK_MINUTES 5		/* watch against host */

/* ---- hashes */

/* Two different words, by chance. */
static enum err
draw(unsigned int out[ASKED])
{
	uint8_t r[ASKED];

	TRY(random_bytes(r, sizeof(r)));
	out[0] = r[0] % HASH_WORDS;
	out[1] = (out[0] + 1 + r[1] % (HASH_WORDS - 1)) % HASH_WORDS;
	return ERR_OK;
}

static enum err
record_read(struct ceremony *c, const struct participant *p,
    const char *what, const unsigned int at[ASKED], bool right)
{
	AUTO_DONE(payload) fields = { 0 };
	char words[16];

	snprintf(words, sizeof(words), "%u,%u", at[0] + 1, at[1] + 1);
	payload_put(&fields, "what", what);
	payload_put(&fields, "words", words);
	payload_put(&fields, "answer", right ? "right" : "wrong");
	return ceremony_record_by(c, RECORD_HASHREAD, p->as, &fields);
}

/* A wrong word is pointed at, and not mended. */
static bool
compare(const struct ceremony *c, const struct hash_words *words,
    const unsigned int at[ASKED], struct view typed)
{
	for (size_t i = 0; i < ASKED; i++)
		if (!word_is(words->at[at[i]], word_next(&typed))) {
			ceremony_say(c, "  word %u is another one", at[i] + 1);
			return false;
		}
	return word_next(&typed).len == 0;
}

static enum err
ask_words(struct ceremony *c, const struct participant *p, const char *what,
    const struct hash *h, bool *out_right)
{
	AUTO_DONE(bytes) line = { 0 };
	struct hash_words words;
	unsigned int at[ASKED];
	char text[256], right[ASKED * (WORD_MAX + 1)];
	struct question q = { .text = text, .practice = right };

	TRY(draw(at));
	words_of(h, &words);
	snprintf(right, sizeof(right), "%s %s", words.at[at[0]],
	    words.at[at[1]]);
	snprintf(text, sizeof(text), phrase(c->console->language,
	    "%s, from your own paper: words %u and %u of the %s"), p->as,
	    at[0] + 1, at[1] + 1, what);
	TRY(attend_ask(c, &q, &line));
	*out_right = compare(c, &words, at, bytes_view(&line));
	return record_read(c, p, what, at, *out_right);
}

static enum err
read_back(struct ceremony *c, const struct participant *p, const char *what,
    const struct hash *h)
{
	bool right = false;

	ceremony_say_hash(c, what, h);
	for (int i = 0; !right && i < TRIES; i++)
		TRY(ask_words(c, p, what, h, &right));
	return right ? ERR_OK : err_because(ERR_MISMATCH, "the %s shown is "
	    "not the one on the paper of %s", what, p->as);
}

/* Each hash by another participant, in turn. */
static enum err
read_hashes(struct ceremony *c)
{
	const struct {
		const char		*what;
		const struct hash	*hash;
		bool			 wanted;
	} all[] = {
		{ "script", &c->hashes.script, true },
		{ "program", &c->hashes.program, true },
		{ "module", &c->hashes.module, true },
		{ "roster", &c->hashes.roster, true },
		{ "register", &c->hashes.previous, c->script->continues },
		{ "node", &c->hashes.node, script_brings(c->script) },
	};

	ceremony_say(c, "hashes, in digits and in words:");
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].wanted)
			TRY(read_back(c, &c->participants.at[i %
		    c->participants.count], all[i].what, all[i].hash));
	return ERR_OK;
}

/* ---- clocks */

static bool
read_minutes(struct view v, int64_t *out)
{
	uint64_t hours, minutes;

	if (v.len != 5)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (i == 2 ? v.at[i] != ':' : v.at[i] < '0' || v.at[i] > '9')
			return false;
	hours = (uint64_t)(v.at[0] - '0') * 10 + (uint64_t)(v.at[1] - '0');
	minutes = (uint64_t)(v.at[3] - '0') * 10 + (uint64_t)(v.at[4] - '0');
	*out = (int64_t)(hours * 60 + minutes);
	return hours < 24 && minutes < 60;
}

/* How many minutes lie between two times of the day, the shorter way. */
static int64_t
apart(int64_t a, int64_t b)
{
	int64_t d = a > b ? a - b : b - a;

	return d > 12 * 60 ? 24 * 60 - d : d;
}

static enum err
ask_clock(struct ceremony *c, const struct participant *p)
{
	AUTO_DONE(bytes) line = { 0 };
	AUTO_DONE(payload) fields = { 0 };
	char text[256], host[INSTANT_TEXT], practice[6];
	struct question q = { .text = text, .practice = practice };
	int64_t now = time_now(), said;

	instant_text(now, host);
	snprintf(practice, sizeof(practice), "%.5s", host + 11);
	snprintf(text, sizeof(text), phrase(c->console->language,
	    "%s, the time on your own watch, UTC, HH:MM"), p->as);
	do
		TRY(attend_ask(c, &q, &line));
	while (!read_minutes(bytes_view(&line), &said));
	now = time_now();
	payload_put(&fields, "said", bytes_text(&line));
	payload_put(&fields, "host", instant_text(now, host));
	TRY(ceremony_record_by(c, RECORD_CLOCK, p->as, &fields));
	return apart(said, now % DAY / 60) <= CLOCK_MINUTES ? ERR_OK :
	    err_because(ERR_RANGE, "the watch of %s and the host's clock are "
	    "more than %d minutes apart", p->as, CLOCK_MINUTES);
}

enum err
attend_open(struct ceremony *c)
{
	TRY(read_hashes(c));
	for (size_t i = 0; i < 2; i++)
		TRY(ask_clock(c, &c->participants.at[i]));
	return attend_roll_call(c);
}
