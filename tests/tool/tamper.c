/*
 * Changes every bit of what a ceremony left, one at a time, in place, and asks
 * the verifier: `tamper DIR [STEP [FROM]]` takes bit FROM and every STEP-th
 * after it, of all files counted together. Also whole-file changes: bytes
 * before and behind, other line ends, cuts. DIR must be a copy that nobody
 * needs. Prints what was tried; exit status 1 when a change went unnoticed.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ceremony/ceremony.h"

#define FILES 128
#define FILE_SIZE ((size_t)1 << 20)

static const char *dir;
static char names[FILES][128];
static size_t name_count;
static unsigned long tried, unnoticed;

static bool
passes(void)
{
	struct hash root;

	tried++;
	return ceremony_verify(dir, NULL, NULL, &root) == ERR_OK;
}

static void
report(const char *name, const char *what, size_t at)
{
	unnoticed++;
	printf("unnoticed: %s: %s %zu\n", name, what, at);
}

/* ---- which files: those of the record, and what is signed over it */

static void
add_file(const char *name, size_t len)
{
	snprintf(names[name_count++ % FILES], sizeof(names[0]), "%.*s",
	    (int)len, name);
}

static bool
list_files(void)
{
	AUTO_DONE(bytes) text = { 0 };
	char path[PATH_MAX];
	const char *at;

	if (path_join(dir, "ceremony/transcript.log", path, sizeof(path)) !=
	    ERR_OK || file_read(path, FILE_SIZE, &text) != ERR_OK)
		return false;
	add_file("ceremony/transcript.log", PATH_MAX);
	add_file("ceremony/signatures.txt", PATH_MAX);
	for (at = bytes_text(&text); (at = strstr(at, " path=")) != NULL;) {
		at += strlen(" path=");
		add_file(at, strcspn(at, " |"));
	}
	return name_count < FILES;
}

/* ---- bits */

static bool
put_byte(int fd, size_t at, uint8_t value)
{
	return pwrite(fd, &value, 1, (off_t)at) == 1;
}

/* *next: the bit to flip, counted from the begin of this file. */
static bool
flip_bits(const char *name, const char *path, unsigned long step,
    unsigned long *next)
{
	AUTO_DONE(bytes) text = { 0 };
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 || file_read(path, FILE_SIZE, &text) != ERR_OK)
		return false;
	for (; *next < text.len * 8; *next += step) {
		size_t at = *next / 8;
		uint8_t flipped = text.at[at] ^ (uint8_t)(1u << *next % 8);

		if (!put_byte(fd, at, flipped))
			return false;
		if (passes())
			report(name, "bit", *next);
		if (!put_byte(fd, at, text.at[at]))
			return false;
	}
	*next -= text.len * 8;
	return true;
}

/* ---- whole files */

static void
with_crlf(const struct bytes *text, struct bytes *out)
{
	for (size_t i = 0; i < text->len; i++) {
		if (text->at[i] == '\n')
			bytes_put_u8(out, '\r');
		bytes_put_u8(out, text->at[i]);
	}
}

/* False when there is no such change of this text. */
static bool
change(const struct bytes *text, unsigned int number, struct bytes *out)
{
	static const char *const before[] = { "\xef\xbb\xbf", "\n", " " };
	static const char *const behind[] = { "\n", " ", "\r\n", "x\n" };
	const struct view all = bytes_view(text);

	if (number < COUNT(before)) {
		bytes_put_text(out, before[number]);
		bytes_put(out, all);
		return true;
	}
	number -= (unsigned int)COUNT(before);
	if (number < COUNT(behind)) {
		bytes_put(out, all);
		bytes_put_text(out, behind[number]);
		return true;
	}
	switch (number - COUNT(behind)) {
	case 0:
		bytes_put(out, VIEW(all.at, all.len - 1));
		return true;
	case 1:
		bytes_put(out, VIEW(all.at, all.len / 2));
		return true;
	case 2:
		with_crlf(text, out);
		return true;
	case 3:
		bytes_put(out, all);
		bytes_put(out, all);
		return true;
	case 4:
		bytes_put(out, all);
		bytes_put_u8(out, '\0');
		return true;
	case 5:
		return true;	/* empty */
	default:
		return false;
	}
}

static bool
change_whole(const char *name, const char *path)
{
	AUTO_DONE(bytes) text = { 0 };

	if (file_read(path, FILE_SIZE, &text) != ERR_OK)
		return false;
	for (unsigned int i = 0;; i++) {
		AUTO_DONE(bytes) other = { 0 };

		if (!change(&text, i, &other))
			break;
		if (file_replace(path, bytes_view(&other), 0644) != ERR_OK)
			return false;
		if (passes())
			report(name, "change", i);
	}
	return file_replace(path, bytes_view(&text), 0644) == ERR_OK;
}

int
main(int argc, char *argv[])
{
	unsigned long step = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned long next = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	char path[PATH_MAX];

	dir = argv[1];
	if (argc < 2 || step == 0 || crypto_init() != ERR_OK ||
	    !list_files() || !passes()) {
		fprintf(stderr, "tamper: DIR [STEP [FROM]]: %s\n", err_why());
		return 2;
	}
	for (size_t i = 0; i < name_count; i++)
		if (path_join(dir, names[i], path, sizeof(path)) != ERR_OK ||
		    !flip_bits(names[i], path, step, &next) ||
		    (argc <= 3 && !change_whole(names[i], path))) {
			perror(names[i]);
			return 2;
		}
	printf("%lu changes of %zu files, %lu unnoticed\n", tried - 1,
	    name_count, unnoticed);
	if (!passes()) {
		fprintf(stderr, "tamper: not as it was: %s\n", err_why());
		return 2;
	}
	return unnoticed == 0 ? 0 : 1;
}
