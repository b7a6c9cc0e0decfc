/*
 * Inside the report: what report.c collects, report_figures.c and
 * report_chart.c draw. For nobody else.
 */
#ifndef OKSE_AUDIT_REPORT_RUN_H
#define OKSE_AUDIT_REPORT_RUN_H

#include "audit/report.h"

/* An entry that is told by itself: what it is, when, and its members. */
struct report_told {
	uint64_t		 index;
	enum schema_event	 event;
	int64_t			 t;
	struct view		 entry;		/* owned */
};

struct report_shown {
	uint64_t		 index;
	struct view		 entry;		/* owned */
	struct proof		 proof;
};

struct report {
	struct summary		 summary;
	struct gaps		*gaps;
	struct report_told	*told;
	size_t			 told_count, told_room;
	uint64_t		 untold;	/* over REPORT_TOLD */
	struct report_shown	*shown;
	size_t			 shown_count, shown_room;
};

#define REPORT_TOLD 400

/* &, <, >, " and ' escaped: for texts and for values of attributes. */
void report_text(struct bytes *out, struct view text);
void report_c_text(struct bytes *out, const char *text);

/* The sections between verdict and explanation. */
void report_body(const struct report *r, const struct report_about *a,
    struct bytes *out);

void report_happened(const struct report *r, const struct report_about *a,
    struct bytes *out);
void report_entries(const struct report *r, struct bytes *out);

/* A bar of allow, deny and dry, of a rail that stands for most. */
void report_bar(const uint64_t n[SUMMARY_COLUMNS], uint64_t most,
    struct bytes *out);
/* A column for each of count, named now and then. */
struct report_column {
	char		name[16];
	const uint64_t	*n;
};
void report_columns(const struct report_column *at, size_t count,
    const char *title, struct bytes *out);

/* report_page.html, .css, .js, as they were when this was built. */
extern const uint8_t report_page_html[], report_page_html_end[];
extern const uint8_t report_page_css[], report_page_css_end[];
extern const uint8_t report_page_js[], report_page_js_end[];

#endif
