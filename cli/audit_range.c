/*
 * okse audit range, sample, gaps: what a log says, counted; some of it picked
 * so that nobody could have known which; and what is missing. The log is
 * verified first. Next: audit/summary.h, audit/gaps.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/gaps.h"
#include "audit/summary.h"
#include "base/time.h"
#include "cli/audit_draw.h"
#include "cli/audited.h"
#include "cli/commands.h"
#include "cli/say.h"

static int
usage(const char *what)
{
	complain("%s: %s", what, err_why());
	return EXIT_USAGE;
}

static int
away(const char *what, enum err e)
{
	(void)complain_err(what, e);
	return EXIT_AWAY;
}

/* ---- range */

struct range {
	int64_t		from, to;	/* ms UTC, to exclusive */
	bool		list;		/* entries, not figures */
	uint64_t	listed;
	struct summary	summary;
};

static void
range_done(struct range *r)
{
	summary_done(&r->summary);
}

/*
 * A day in Korea, from its beginning (or to its end), or an instant: in ms.
 * NULL: from the first entry on, or to the last.
 */
static enum err
moment(const char *text, bool end, int64_t *out)
{
	struct date day;
	int64_t instant;
	struct view v;

	if (text == NULL) {
		*out = end ? INT64_MAX : 0;
		return ERR_OK;
	}
	v = view_text(text);
	if (date_get(v, &day) == ERR_OK) {
		*out = (date_begins(day, SEOUL) + (end ? DAY : 0)) * 1000;
		return ERR_OK;
	}
	if (instant_get(v, &instant) != ERR_OK)
		return err_because(ERR_SYNTAX, "expected a day (2026-11-01) "
		    "or a time (2026-11-01T09:00:00+09:00)");
	*out = instant * 1000;
	return ERR_OK;
}

static enum err
take_in_range(void *context, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	struct range *r = context;
	int64_t t = (int64_t)schema_count(e, SCHEMA_T);

	if (t < r->from || t >= r->to)
		return ERR_OK;
	if (!r->list)
		return summary_entry(&r->summary, index, e);
	put_line(entry);
	r->listed++;
	return ERR_OK;
}

static enum err
tell_range(const struct arguments *a, const struct audited *log,
    struct range *r)
{
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	if (r->list)
		return ERR_OK;
	summary_sort(&r->summary);
	if (option_given(a, "json")) {
		json_record(&j, NULL);
		audited_json(log, &j);
		summary_json(&r->summary, &j);
		json_close(&j);
		TRY(json_end(&j));
		bytes_put_u8(&out, '\n');
	} else if (option_given(a, "csv")) {
		summary_csv(&r->summary, &out);
	} else {
		audited_head(log, &out);
		summary_report(&r->summary, &out);
	}
	TRY(bytes_check(&out));
	put_view(bytes_view(&out));
	return ERR_OK;
}

int
audit_range(const struct arguments *a)
{
	AUTO(audited) log = NULL;
	AUTO_DONE(range) r = { .list = !option_given(a, "summary") &&
		!option_given(a, "json") && !option_given(a, "csv") };
	int status;
	enum err e;

	if (moment(argument(a, 1), false, &r.from) != ERR_OK)
		return usage(argument(a, 1));
	if (moment(argument(a, 2), true, &r.to) != ERR_OK)
		return usage(argument(a, 2));
	if ((status = audited_open(a, &log)) != EXIT_DONE)
		return status;
	if ((e = audited_each(log, 0, UINT64_MAX, take_in_range, &r)) !=
	    ERR_OK || (e = tell_range(a, log, &r)) != ERR_OK)
		return away("the range", e);
	if (r.list && r.listed == 0)
		complain("no entry of this log is of that time");
	if (!summary_agrees(&r.summary)) {
		complain("a period's totals are not those of its entries");
		return EXIT_FAILED;
	}
	return audited_status(log, EXIT_DONE);
}

/* ---- sample */

#define SAMPLE_MAX 100000

struct sample {
	const char	*event;		/* or NULL: any */
	uint64_t	*population;	/* indexes that may be drawn */
	uint64_t	 count, room;
	uint64_t	 wanted;
	struct drawn	 drawn;
	bool		 json;
	struct json	 out;
};

static void
sample_done(struct sample *s)
{
	mem_free(s->population);
	drawn_done(&s->drawn);
}

static enum err
take_population(void *context, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	struct sample *s = context;
	uint64_t *more;

	(void)entry;
	if (s->event != NULL && !view_is(e->member[SCHEMA_EV], s->event))
		return ERR_OK;
	if (s->count == s->room) {
		s->room = s->room != 0 ? s->room * 2 : 4096;
		more = mem_resize(s->population, s->room, sizeof(*more));
		if (more == NULL)
			return err_because(ERR_MEMORY, "no memory to draw "
			    "from so many entries");
		s->population = more;
	}
	s->population[s->count++] = index;
	return ERR_OK;
}

static enum err
tell_one(void *context, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	struct sample *s = context;

	(void)e;
	if (!s->json) {
		put_line(entry);
		return ERR_OK;
	}
	json_record(&s->out, NULL);
	json_int(&s->out, "index", (int64_t)index);
	json_raw(&s->out, "entry", entry);
	json_close(&s->out);
	return ERR_OK;
}

static enum err
tell_sample(struct sample *s, struct audited *log, const char *seed)
{
	AUTO_DONE(bytes) out = { 0 };

	s->out = json_start(&out);
	json_record(&s->out, NULL);
	audited_json(log, &s->out);
	json_c_text(&s->out, "seed", seed);
	json_int(&s->out, "population", (int64_t)s->count);
	json_items(&s->out, "sample");
	for (uint64_t i = 0; i < s->drawn.count; i++)
		TRY(audited_each(log, s->drawn.at[i], s->drawn.at[i] + 1,
		    tell_one, s));
	json_close(&s->out);
	json_close(&s->out);
	if (!s->json)
		return ERR_OK;
	TRY(json_end(&s->out));
	put_line(bytes_view(&out));
	return ERR_OK;
}

int
audit_sample(const struct arguments *a)
{
	AUTO(audited) log = NULL;
	AUTO_DONE(sample) s = { .event = option_value(a, "event", NULL),
		.json = option_given(a, "json") };
	const char *seed = option_value(a, "seed", NULL);
	int status;
	enum err e;

	if (seed == NULL || number_given(option_value(a, "n", NULL), 25,
	    &s.wanted) != ERR_OK || s.wanted > SAMPLE_MAX) {
		complain("--seed TEXT is needed, a text that nobody knew when "
		    "the log was written; --n is at most %d", SAMPLE_MAX);
		return EXIT_USAGE;
	}
	if ((status = audited_open(a, &log)) != EXIT_DONE)
		return status;
	if ((e = audited_each(log, 0, UINT64_MAX, take_population, &s)) !=
	    ERR_OK || (e = draw_indexes(seed, s.population, s.count, s.wanted,
	    &s.drawn)) != ERR_OK ||
	    (e = tell_sample(&s, log, seed)) != ERR_OK)
		return away("the sample", e);
	return audited_status(log, EXIT_DONE);
}

/* ---- gaps */

static enum err
take_gap(void *context, uint64_t index, struct view entry,
    const struct schema_entry *e)
{
	(void)entry;
	return gaps_entry(context, index, e);
}

static enum err
tell_gaps(const struct arguments *a, const struct audited *log,
    const struct gaps *g)
{
	AUTO_DONE(bytes) out = { 0 };
	struct json j = json_start(&out);

	if (option_given(a, "json")) {
		json_record(&j, NULL);
		audited_json(log, &j);
		gaps_json(g, &j);
		json_close(&j);
		TRY(json_end(&j));
		bytes_put_u8(&out, '\n');
	} else if (option_given(a, "csv")) {
		gaps_csv(g, &out);
	} else {
		audited_head(log, &out);
		gaps_report(g, &out);
	}
	TRY(bytes_check(&out));
	put_view(bytes_view(&out));
	return ERR_OK;
}

static enum err
look_for_gaps(const struct arguments *a, struct audited *log,
    uint64_t silence, struct gaps **out_gaps)
{
	AUTO(gaps) g = NULL;

	TRY(gaps_new((int64_t)silence * 1000, audited_size(log), &g));
	TRY(audited_each(log, 0, UINT64_MAX, take_gap, g));
	TRY(gaps_end(g));
	TRY(tell_gaps(a, log, g));
	*out_gaps = STEAL(g);
	return ERR_OK;
}

int
audit_gaps(const struct arguments *a)
{
	AUTO(audited) log = NULL;
	AUTO(gaps) g = NULL;
	uint64_t silence;
	int status;
	enum err e;

	if (number_given(option_value(a, "silence", NULL),
	    GAPS_SILENCE / 1000, &silence) != ERR_OK || silence > 1000000)
		return usage("--silence");
	if ((status = audited_open(a, &log)) != EXIT_DONE)
		return status;
	if ((e = look_for_gaps(a, log, silence, &g)) != ERR_OK)
		return away("the gaps", e);
	return audited_status(log, gaps_matter(g) ? EXIT_FAILED : EXIT_DONE);
}
