/*
 * The page's files, taken in as they are when this is compiled. The Makefile
 * knows that this object depends on them. Next: report.c.
 */
#include "audit/report_run.h"
#include "base/take_in.h"

TAKE_IN(report_page_html, "audit/report_page.html");
TAKE_IN(report_page_css, "audit/report_page.css");
TAKE_IN(report_page_js, "audit/report_page.js");
