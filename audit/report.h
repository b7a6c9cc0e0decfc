/*
 * The report that people look at: one page that loads nothing, with what a
 * log says as tables and charts, and with the checkpoint and some entries
 * that the browser verifies itself (report_page.js). Everything that comes
 * from the log is escaped; the page's own policy forbids whatever is not
 * written here.
 */
#ifndef OKSE_AUDIT_REPORT_H
#define OKSE_AUDIT_REPORT_H

#include "audit/gaps.h"
#include "audit/proof.h"
#include "audit/replay.h"
#include "audit/summary.h"
#include "audit/trust.h"
#include "audit/verify.h"

struct report;

/* For a log of size entries, silence as in gaps.h. */
[[nodiscard]] enum err report_new(uint64_t size, struct report **out_report);
void report_free(struct report *r);
AUTO_STRUCT(report);

/* Each entry in order; ERR_MEMORY. */
[[nodiscard]] enum err report_entry(struct report *r, uint64_t index,
    struct view entry, const struct schema_entry *e);
/* After the last one. */
[[nodiscard]] enum err report_end(struct report *r);

/* An entry to be shown with its proof; in the order in which they come. */
[[nodiscard]] enum err report_proof(struct report *r, uint64_t index,
    struct view entry, const struct proof *proof);

struct report_about {
	unsigned int		 version;	/* of the program */
	int64_t			 now;		/* seconds */
	const char		*place;		/* of the log, as given */
	struct view		 note;		/* the checkpoint */
	struct checkpoint	 checkpoint;
	const struct trust_policy *trust;
	const struct verify_result *verified;	/* NULL: was not */
	const struct replay_result *replay;	/* NULL: was not asked for */
};

/* The page; check with bytes_check(). */
void report_html(const struct report *r, const struct report_about *a,
    struct bytes *out);
/* The same figures: summary_csv(), then gaps. */
void report_csv(const struct report *r, struct bytes *out);

#endif
