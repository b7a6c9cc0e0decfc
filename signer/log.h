/*
 * The daemon's own messages: one JSON object a line on standard error, for
 * the journal. Never a value of a request, never a secret: texts are ours,
 * numbers, names from the configuration, and err_why().
 */
#ifndef OKSE_SIGNER_LOG_H
#define OKSE_SIGNER_LOG_H

#include "signer/msg.h"

void log_start(enum role self, unsigned int index);
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* For start-up only: logs what and err_why(), returns the exit status 1. */
int log_fatal(const char *what);

#endif
