/*
 * JSON lines on standard error. The only output of the daemon besides its
 * sockets.
 */
#include "signer/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/time.h"

static enum role self;
static unsigned int self_index;

void
log_start(enum role role, unsigned int index)
{
	self = role;
	self_index = index;
}

static void __attribute__((format(printf, 2, 0)))
log_line(const char *level, const char *fmt, va_list ap)
{
	AUTO_DONE(bytes) line = { 0 };
	struct json j = json_start(&line);
	char text[1024], when[INSTANT_TEXT];

	vsnprintf(text, sizeof(text), fmt, ap);
	json_record(&j, NULL);
	json_c_text(&j, "time", instant_text(time_now(), when));
	json_c_text(&j, "level", level);
	json_c_text(&j, "role", role_name(self));
	if (self == ROLE_KEYHOLDER)
		json_int(&j, "index", self_index);
	json_c_text(&j, "message", text);
	json_close(&j);
	bytes_put_u8(&line, '\n');
	/* one write, so that lines of several processes do not mix */
	if (json_end(&j) == ERR_OK && fd_write(STDERR_FILENO,
	    bytes_view(&line)) != ERR_OK)
		return;		/* nobody is left to tell */
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("info", fmt, ap);
	va_end(ap);
}

void
log_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("warning", fmt, ap);
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line("error", fmt, ap);
	va_end(ap);
}

int
log_fatal(const char *what)
{
	log_error("%s: %s", what, err_why());
	return 1;
}
