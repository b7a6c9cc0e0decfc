/*
 * Output, complaints and exit statuses, the same for every command.
 */
#include "cli/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

void
complain(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "okse: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
}

int
exit_of_status(int status)
{
	switch (status) {
	case 200:
	case 201:
		return EXIT_DONE;
	case 403:
		return EXIT_REFUSED;
	case 409:
		return EXIT_CONFLICT;
	case 503:
		return EXIT_AWAY;
	default:
		return EXIT_FAILED;
	}
}

int
exit_of(enum err e)
{
	switch (e) {
	case ERR_REFUSED:
		return EXIT_REFUSED;
	case ERR_UNAVAILABLE:
	case ERR_SEALED:
		return EXIT_AWAY;
	case ERR_IN_FLIGHT:
		return EXIT_CONFLICT;
	default:
		return e == ERR_OK ? EXIT_DONE : EXIT_FAILED;
	}
}

int
complain_err(const char *what, enum err e)
{
	const char *why = err_why();

	complain("%s: %s", what, *why != '\0' ? why : err_text(e));
	return exit_of(e);
}

void
put_view(struct view v)
{
	fwrite(v.at, 1, v.len, stdout);
}

void
put_line(struct view v)
{
	put_view(v);
	putchar('\n');
}

int
finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	complain("standard output could not be written");
	return EXIT_FAILED;
}

bool
coloured(FILE *to)
{
	const char *no = getenv("NO_COLOR");

	return (no == NULL || *no == '\0') && isatty(fileno(to));
}

const char *
paint(FILE *to, const char *code)
{
	return coloured(to) ? code : "";
}

enum err
read_input(const char *path, size_t max, struct bytes *out)
{
	uint8_t part[4096];
	size_t n;

	if (path != NULL && strcmp(path, "-") != 0)
		return file_read(path, max, out);
	while ((n = fread(part, 1, sizeof(part), stdin)) > 0) {
		if (out->len + n > max)
			return err_because(ERR_TOO_LARGE,
			    "standard input: over %zu bytes", max);
		bytes_put(out, VIEW(part, n));
	}
	if (ferror(stdin))
		return err_system("standard input");
	return bytes_check(out);
}
