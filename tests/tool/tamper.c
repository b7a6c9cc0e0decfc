/*
 * Changes every bit of what a ceremony left, one at a time, in place, and asks
 * the verifier: `tamper DIR [STEP [FROM [OTHER]]]` takes bit FROM and every
 * STEP-th after it, of all files counted together. From bit 0 also whole
 * files: bytes before and behind, other line ends, cuts; lines left out, said
 * twice, changed over; with OTHER, another ceremony's directory, from every
 * line on those of its file. Each must be refused for what it is, with the
 * first line named that is not as it was. DIR must be a copy that nobody
 * needs. Prints what was tried; exit status 1 when a change went unnoticed.
 *
 * What the verifier did before it first opens a file is the same for every
 * change of that file. So it is stopped there, and forked for each: the linker
 * puts __wrap_file_read() in the place of file_read().
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "ceremony/ceremony.h"

#define FILES 128
#define FILE_SIZE ((size_t)1 << 20)
#define TRANSCRIPT "ceremony/transcript.log"
#define SIGNATURES "ceremony/signatures.txt"

/* A file that the record of this number vouches for; 0: none does. */
struct file {
	char	name[128], path[PATH_MAX];
	size_t	record;
};

/* What a child has found out. */
struct finding {
	enum verdict	verdict;
	char		why[1024];
};

static const char *dir, *other;
static unsigned long step = 1, next;
static bool all_bits_only;
static struct file files[FILES];
static size_t file_count;
static unsigned long tried, unnoticed;

static const struct file *of;	/* under change, and as it was: */
static struct bytes good;
static bool waiting;		/* until it is opened */
static bool child;
static struct finding *found;	/* shared with children */

enum err __real_file_read(const char *path, size_t max, struct bytes *out);
enum err __wrap_file_read(const char *path, size_t max, struct bytes *out);

static void
give_up(const char *what)
{
	fprintf(stderr, "tamper: %s: %s\n", what, err_why());
	exit(2);
}

/* ---- what must be found */

static size_t
lines_before(const struct bytes *text, size_t at)
{
	size_t lines = 0;

	for (size_t i = 0; i < at; i++)
		lines += text->at[i] == '\n';
	return lines;
}

static size_t
first_difference(const struct bytes *a, const struct bytes *b)
{
	size_t at = 0;

	while (at < a->len && at < b->len && a->at[at] == b->at[at])
		at++;
	return at;
}

/* The line of text that holds the byte at `at`, and all behind it. */
static struct view
from_line_of(const struct bytes *text, size_t at)
{
	while (at > 0 && text->at[at - 1] != '\n')
		at--;
	return VIEW(text->at + at, text->len - at);
}

/*
 * A transcript is another one when a line is; it is not whole when nothing but
 * a piece of a line follows what is right.
 */
static enum verdict
wanted_of_transcript(const struct bytes *now, size_t at)
{
	struct view rest = from_line_of(now, at);

	return rest.len != now->len && (rest.len == 0 ||
	    memchr(rest.at, '\n', rest.len) == NULL) ? VERDICT_INCOMPLETE :
	    VERDICT_BYTES;
}

static enum verdict
wanted(const struct bytes *now, size_t at, char why[200])
{
	size_t line = lines_before(now, at) + 1;

	if (strcmp(of->name, TRANSCRIPT) == 0) {
		snprintf(why, 200, "transcript record %zu: ", line);
		return wanted_of_transcript(now, at);
	}
	if (strcmp(of->name, SIGNATURES) == 0) {
		snprintf(why, 200, "signatures.txt, line %zu", line);
		return VERDICT_PEOPLE;
	}
	snprintf(why, 200, "%s: not the file that record %zu is about",
	    of->name, of->record);
	return VERDICT_BYTES;
}

/* ---- asking */

static void
examine(struct finding *f)
{
	const struct ceremony_question q = { .dir = dir };
	struct ceremony_judgement j;
	bool well = ceremony_examine(&q, NULL, &j) == ERR_OK;

	f->verdict = j.verdict;
	snprintf(f->why, sizeof(f->why), "%s", well ? "" : err_why());
}

/* In a child this returns true, and the verifier goes on there. */
static bool
ask(const struct bytes *now, size_t at, const char *what, size_t number)
{
	enum verdict verdict;
	char why[200];
	int status;
	pid_t pid;

	tried++;
	*found = (struct finding){ .verdict = VERDICT_UNREAD };
	fflush(stdout);
	if ((pid = fork()) == 0)
		return child = true;
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		give_up("fork");
	verdict = wanted(now, at, why);
	if (status == 0 && found->verdict == verdict &&
	    strncmp(found->why, why, strlen(why)) == 0)
		return false;
	unnoticed++;
	printf("unnoticed: %s: %s %zu: status %d, %d: %s; wanted %d: %s\n",
	    of->name, what, number, status, (int)found->verdict, found->why,
	    (int)verdict, why);
	return false;
}

static void
put(int fd, const struct bytes *text)
{
	if (pwrite(fd, text->at, text->len, 0) != (ssize_t)text->len ||
	    ftruncate(fd, (off_t)text->len) != 0)
		give_up(of->path);
}

/* ---- bits */

static bool
flip_bits(int fd, struct bytes *now)
{
	for (; next < now->len * 8; next += step) {
		size_t at = next / 8;
		uint8_t *byte = &now->at[at];

		*byte ^= (uint8_t)(1u << next % 8);
		if (pwrite(fd, byte, 1, (off_t)at) != 1)
			give_up(of->path);
		if (ask(now, at, "bit", next))
			return true;
		*byte = good.at[at];
		if (pwrite(fd, byte, 1, (off_t)at) != 1)
			give_up(of->path);
	}
	next -= now->len * 8;
	return false;
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
change_whole(const struct bytes *text, size_t number, struct bytes *out)
{
	static const char *const before[] = { "\xef\xbb\xbf", "\n", " " };
	static const char *const behind[] = { "\n", " ", "\r\n", "x\n" };
	const struct view all = bytes_view(text);

	if (number < COUNT(before)) {
		bytes_put_text(out, before[number]);
		bytes_put(out, all);
		return true;
	}
	number -= COUNT(before);
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

/* ---- lines */

/* The number-th from 0, with its end; false when there is none. */
static bool
line_of(const struct bytes *text, size_t number, struct view *out)
{
	const uint8_t *at = text->at, *end = text->at + text->len, *stop;

	for (; at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL)
			stop = end - 1;
		*out = VIEW(at, (size_t)(stop - at) + 1);
		if (number-- == 0)
			return true;
	}
	return false;
}

/* As change_whole(): four changes of each line, the last with OTHER's. */
static bool
change_line(const struct bytes *text, size_t number, struct bytes *out)
{
	AUTO_DONE(bytes) another = { 0 };
	struct view line, two = { 0 };
	char path[PATH_MAX];

	if (!line_of(text, number / 4, &line))
		return false;
	if (number == 3) {		/* that were OTHER's file, whole */
		bytes_put(out, bytes_view(text));
		return true;
	}
	bytes_put(out, VIEW(text->at, (size_t)(line.at - text->at)));
	(void)line_of(text, number / 4 + 1, &two);
	if (number % 4 == 1)
		bytes_put(out, line);
	if (number % 4 == 2)
		bytes_put(out, two);
	if (number % 4 == 1 || number % 4 == 2)
		bytes_put(out, line);
	if (number % 4 != 3) {
		line = from_line_of(text, (size_t)(line.at - text->at) +
		    line.len + (number % 4 == 2 ? two.len : 0));
		bytes_put(out, line);
		return true;
	}
	if (other != NULL && path_join(other, of->name, path, sizeof(path)) ==
	    ERR_OK && __real_file_read(path, FILE_SIZE, &another) == ERR_OK &&
	    line_of(&another, number / 4, &line))
		bytes_put(out, VIEW(line.at, (size_t)(another.at +
		    another.len - line.at)));
	return true;
}

typedef bool change_fn(const struct bytes *text, size_t number,
    struct bytes *out);

static bool
change(int fd, change_fn *how, const char *what)
{
	for (size_t i = 0;; i++) {
		AUTO_DONE(bytes) now = { 0 };

		if (!how(&good, i, &now))
			break;
		if (view_equal(bytes_view(&now), bytes_view(&good)))
			continue;	/* no change */
		put(fd, &now);
		if (ask(&now, first_difference(&good, &now), what, i))
			return true;
	}
	put(fd, &good);
	return false;
}

/* ---- every change of a file, once the verifier is about to open it */

static void
try_changes(void)
{
	AUTO_FD fd = open(of->path, O_WRONLY | O_CLOEXEC);
	AUTO_DONE(bytes) now = { 0 };

	bytes_put(&now, bytes_view(&good));
	if (fd == -1 || bytes_check(&now) != ERR_OK)
		give_up(of->path);
	if (flip_bits(fd, &now) || all_bits_only)
		return;
	if (!change(fd, change_whole, "change"))
		(void)change(fd, change_line, "line");
}

enum err
__wrap_file_read(const char *path, size_t max, struct bytes *out)
{
	if (waiting && strcmp(path, of->path) == 0) {
		waiting = false;
		try_changes();
	}
	return __real_file_read(path, max, out);
}

static void
tamper(const struct file *f)
{
	struct finding as_it_was;

	of = f;
	bytes_reset(&good);
	if (__real_file_read(f->path, FILE_SIZE, &good) != ERR_OK)
		give_up(f->name);
	waiting = true;
	examine(&as_it_was);
	if (child) {
		*found = as_it_was;
		_exit(0);
	}
	if (waiting || as_it_was.verdict != VERDICT_VERIFIED)
		give_up(f->name);
}

/* ---- which files: those of the record, and what is signed over it */

static void
add_file(const char *name, size_t len, size_t record)
{
	struct file *f = &files[file_count++ % FILES];

	snprintf(f->name, sizeof(f->name), "%.*s", (int)len, name);
	f->record = record;
	if (path_join(dir, f->name, f->path, sizeof(f->path)) != ERR_OK)
		give_up(dir);
}

static void
list_files(void)
{
	AUTO_DONE(bytes) text = { 0 };
	const char *at;

	add_file(TRANSCRIPT, PATH_MAX, 0);
	add_file(SIGNATURES, PATH_MAX, 0);
	if (__real_file_read(files[0].path, FILE_SIZE, &text) != ERR_OK)
		give_up(dir);
	for (at = bytes_text(&text); (at = strstr(at, " path=")) != NULL;) {
		at += strlen(" path=");
		add_file(at, strcspn(at, " |"), lines_before(&text,
		    (size_t)(at - bytes_text(&text))) + 1);
	}
	if (file_count >= FILES)
		give_up("too many files");
}

int
main(int argc, char *argv[])
{
	if (argc > 2)
		step = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		next = strtoul(argv[3], NULL, 10);
	all_bits_only = next != 0;
	if (argc > 4)
		other = argv[4];
	dir = argv[1];
	if (argc < 2 || step == 0 || crypto_init() != ERR_OK) {
		fprintf(stderr, "tamper: DIR [STEP [FROM [OTHER]]]\n");
		return 2;
	}
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (found == MAP_FAILED)
		give_up("mmap");
	list_files();
	for (size_t i = 0; i < file_count; i++)
		tamper(&files[i]);
	printf("%lu changes of %zu files, %lu unnoticed\n", tried, file_count,
	    unnoticed);
	return unnoticed == 0 ? 0 : 1;
}
