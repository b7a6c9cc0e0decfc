/*
 * Walking through JSON in the one form our writer gives it: no white space
 * between tokens. For checking that bytes are what we made, without building
 * anything from them. The first mistake is remembered (failed).
 */
#ifndef OKSE_CREDENTIAL_JSON_SCAN_H
#define OKSE_CREDENTIAL_JSON_SCAN_H

#include "base/bytes.h"

struct json_scan {
	struct view	rest;
	bool		failed;
};

/* Exactly these bytes come next. */
void scan_want(struct json_scan *s, const char *literal);
/* Whether they do; they are taken then. */
bool scan_try(struct json_scan *s, const char *literal);
/* A string with its quotes. */
struct view scan_string(struct json_scan *s);

#endif
