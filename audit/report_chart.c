/*
 * Charts as SVG in the page. Widths are per mille of the space there is, so
 * that a chart fits a phone and a sheet of paper; colours are the page's.
 */
#include "audit/report_run.h"

#include <inttypes.h>

static uint64_t
per_mille(uint64_t part, uint64_t whole)
{
	if (part == 0 || whole == 0)
		return 0;
	/* what is there is seen */
	return part * 1000 / whole != 0 ? part * 1000 / whole : 1;
}

static uint64_t
put_piece(const char *class, uint64_t from, uint64_t part, uint64_t most,
    struct bytes *out)
{
	uint64_t width = per_mille(part, most);

	if (width != 0)
		bytes_printf(out, "<rect class=\"%s\" x=\"%" PRIu64 ".%" PRIu64
		    "%%\" width=\"%" PRIu64 ".%" PRIu64 "%%\" height=\""
		    "100%%\"/>", class, from / 10, from % 10, width / 10,
		    width % 10);
	return from + width;
}

void
report_bar(const uint64_t n[SUMMARY_COLUMNS], uint64_t most,
    struct bytes *out)
{
	uint64_t at = 0;

	bytes_put_text(out, "<svg aria-hidden=\"true\"><rect class=\"rail\" "
	    "width=\"100%\" height=\"100%\"/>");
	at = put_piece("allow", at, n[SUMMARY_ALLOW], most, out);
	at = put_piece("deny", at, n[SUMMARY_DENY], most, out);
	(void)put_piece("dry", at, n[SUMMARY_DRY_ALLOW] +
	    n[SUMMARY_DRY_DENY], most, out);
	bytes_put_text(out, "</svg>");
}

/* ---- columns */

#define WIDTH 960
#define HEIGHT 240
#define BASE 200	/* where the columns stand */

static uint64_t
sum_of(const uint64_t n[SUMMARY_COLUMNS])
{
	return n[0] + n[1] + n[2] + n[3];
}

static uint64_t
put_box(const char *class, uint64_t x, uint64_t width, uint64_t top,
    uint64_t height, struct bytes *out)
{
	if (height != 0)
		bytes_printf(out, "<rect class=\"%s\" x=\"%" PRIu64 "\" y=\"%"
		    PRIu64 "\" width=\"%" PRIu64 "\" height=\"%" PRIu64
		    "\"/>", class, x, top - height, width, height);
	return top - height;
}

static void
put_column(const struct report_column *c, uint64_t x, uint64_t width,
    uint64_t most, struct bytes *out)
{
	const uint64_t full = BASE - 34;
	uint64_t top = BASE;

	bytes_put_text(out, "<g><title>");
	report_c_text(out, c->name);
	bytes_printf(out, ": %" PRIu64 " allowed, %" PRIu64 " refused"
	    "</title>", c->n[SUMMARY_ALLOW] + c->n[SUMMARY_DRY_ALLOW],
	    c->n[SUMMARY_DENY] + c->n[SUMMARY_DRY_DENY]);
	top = put_box("allow", x, width, top, c->n[SUMMARY_ALLOW] * full /
	    most, out);
	top = put_box("deny", x, width, top, c->n[SUMMARY_DENY] * full /
	    most, out);
	(void)put_box("dry", x, width, top, (c->n[SUMMARY_DRY_ALLOW] +
	    c->n[SUMMARY_DRY_DENY]) * full / most, out);
	bytes_put_text(out, "</g>");
}

void
report_columns(const struct report_column *at, size_t count,
    const char *title, struct bytes *out)
{
	uint64_t most = 1, step = WIDTH / count, named = (count + 5) / 6;

	for (size_t i = 0; i < count; i++)
		if (sum_of(at[i].n) > most)
			most = sum_of(at[i].n);
	bytes_printf(out, "<svg class=\"columns\" role=\"img\" aria-label=\""
	    "%s\" viewBox=\"0 0 %d %d\"><text x=\"0\" y=\"24\">%" PRIu64
	    "</text><line x1=\"0\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>", title,
	    WIDTH, HEIGHT, most, BASE, WIDTH, BASE);
	for (size_t i = 0; i < count; i++) {
		put_column(&at[i], i * step, step > 4 ? step - step / 5 :
		    step, most, out);
		if (i % named != 0)
			continue;
		bytes_printf(out, "<text x=\"%" PRIu64 "\" y=\"%d\">",
		    i * step, HEIGHT - 10);
		report_c_text(out, at[i].name);
		bytes_put_text(out, "</text>");
	}
	bytes_put_text(out, "</svg>");
}
