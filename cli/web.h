/*
 * A published log on a web server, one file after the other over one
 * connection: HTTP/1.1, over TLS 1.2 or newer for https:// (verified by the
 * system's certificates; SSL_CERT_FILE and SSL_CERT_DIR are honoured).
 *
 * Answers must have a length or be chunked, within what is asked for;
 * redirections are not followed. 404 and 410 are ERR_NOT_FOUND.
 */
#ifndef OKSE_CLI_WEB_H
#define OKSE_CLI_WEB_H

#include "audit/files.h"

#define WEB_SECONDS 15		/* without a byte */

struct web;

bool web_is_address(const char *text);	/* http:// or https:// */

/* The directory's address, with or without "/" at its end. Connects later. */
[[nodiscard]] enum err web_open(const char *address, struct web **out_web);
void web_close(struct web *w);
AUTO_DEFINE(web, struct web, web_close);

/*
 * As long as w stays. Errors besides those of log_files: ERR_TIMEOUT, and
 * ERR_UNAVAILABLE: no connection, another status, or no HTTP at all.
 */
struct log_files web_files(struct web *w);

#endif
