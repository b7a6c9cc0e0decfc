/*
 * A share's line of text, both ways (share.txt). The line comes from an
 * officer's hand or file: any bytes at all.
 * Next: quorum.c, which checks it against the quorum and combines.
 */
#include "quorum/share.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/file.h"
#include "quorum/base32.h"

#define PREFIX		"okse-share1-"
#define PREFIX_SIZE	(sizeof(PREFIX) - 1)
#define BODY_SIZE	(2 * SHARE_ID_SIZE + 3 + SHARE_VALUE_SIZE)
#define CHECK_SIZE	4
#define RECORD_SIZE	(BODY_SIZE + CHECK_SIZE)
#define LETTERS		(RECORD_SIZE / 5 * 8)

_Static_assert(RECORD_SIZE % 5 == 0, "no padding in base32");
_Static_assert(SHARE_TEXT_SIZE == PREFIX_SIZE + LETTERS + LETTERS / 4 - 1,
    "groups of four letters and a dash between");

void
share_done(struct share *s)
{
	secret_free(s->value);
	*s = (struct share){ 0 };
}

static struct hash
check_of(const uint8_t *record)
{
	return sha256_2(view_text("kc/check/v1"), VIEW(record, BODY_SIZE));
}

/* Where letter i stands in the line: after every fourth comes a dash. */
static size_t
place_of(size_t i)
{
	return PREFIX_SIZE + i + i / 4;
}

static void
fill_record(const struct share *s, uint8_t *record)
{
	struct hash check;
	uint8_t *seat = record + 2 * SHARE_ID_SIZE;

	memcpy(record, s->set_id, SHARE_ID_SIZE);
	memcpy(record + SHARE_ID_SIZE, s->ceremony_id, SHARE_ID_SIZE);
	seat[0] = s->threshold;
	seat[1] = s->count;
	seat[2] = s->x;
	memcpy(seat + 3, secret_peek(s->value), SHARE_VALUE_SIZE);
	check = check_of(record);
	memcpy(record + BODY_SIZE, check.at, CHECK_SIZE);
}

enum err
share_put(const struct share *s, struct secret **out_text)
{
	AUTO(secret) record = NULL;
	AUTO(secret) letters = NULL;
	AUTO(secret) text = NULL;
	unsigned char *line;

	TRY(secret_new(RECORD_SIZE, &record));
	TRY(secret_new(LETTERS, &letters));
	TRY(secret_new(SHARE_TEXT_SIZE, &text));
	fill_record(s, secret_at(record));
	base32_put(VIEW(secret_peek(record), RECORD_SIZE), secret_at(letters));
	line = secret_at(text);
	memset(line, '-', SHARE_TEXT_SIZE);
	memcpy(line, PREFIX, PREFIX_SIZE);
	for (size_t i = 0; i < LETTERS; i++)
		line[place_of(i)] = secret_peek(letters)[i];
	*out_text = STEAL(text);
	return ERR_OK;
}

static enum err
check_prefix(struct view text)
{
	if (!view_starts(text, "okse-share"))
		return err_because(ERR_SYNTAX,
		    "a share begins with " PREFIX);
	if (!view_starts(text, PREFIX))
		return err_because(ERR_UNSUPPORTED,
		    "a share of another version, wanted " PREFIX);
	if (text.len != SHARE_TEXT_SIZE)
		return err_because(ERR_SYNTAX,
		    "a share has %d characters, got %zu", SHARE_TEXT_SIZE,
		    text.len);
	return ERR_OK;
}

static enum err
take_letters(struct view text, unsigned char *out)
{
	for (size_t i = 0; i < LETTERS; i++) {
		if (i % 4 == 0 && text.at[place_of(i) - 1] != '-')
			return err_because(ERR_SYNTAX,
			    "a share: wanted a dash before group %zu",
			    i / 4 + 1);
		out[i] = text.at[place_of(i)];
	}
	return ERR_OK;
}

static enum err
check_numbers(const struct share *s)
{
	if (s->threshold < 2 || s->threshold > s->count ||
	    s->count > SHARE_MAX)
		return err_because(ERR_RANGE, "a share: wanted a threshold "
		    "from 2 to the number of shares, at most %d; it says %u "
		    "of %u", SHARE_MAX, s->threshold, s->count);
	if (s->x < 1 || s->x > s->count)
		return err_because(ERR_RANGE,
		    "a share: seat %u is not one of 1 to %u", s->x, s->count);
	return ERR_OK;
}

static enum err
take_record(const uint8_t *record, struct share *out_share)
{
	const uint8_t *seat = record + 2 * SHARE_ID_SIZE;
	struct share s = {
		.threshold = seat[0], .count = seat[1], .x = seat[2],
	};
	struct hash check = check_of(record);

	if (!secret_equal(VIEW(record + BODY_SIZE, CHECK_SIZE),
	    VIEW(check.at, CHECK_SIZE)))
		return err_because(ERR_CORRUPT, "a share: its check does not "
		    "fit, some character is wrong");
	TRY(check_numbers(&s));
	memcpy(s.set_id, record, SHARE_ID_SIZE);
	memcpy(s.ceremony_id, record + SHARE_ID_SIZE, SHARE_ID_SIZE);
	TRY(secret_new(SHARE_VALUE_SIZE, &s.value));
	memcpy(secret_at(s.value), seat + 3, SHARE_VALUE_SIZE);
	*out_share = s;
	return ERR_OK;
}

enum err
share_get(struct view text, struct share *out_share)
{
	AUTO(secret) letters = NULL;
	AUTO(secret) record = NULL;

	TRY(check_prefix(text));
	TRY(secret_new(LETTERS, &letters));
	TRY(secret_new(RECORD_SIZE, &record));
	TRY(take_letters(text, secret_at(letters)));
	if (!base32_get(VIEW(secret_peek(letters), LETTERS),
	    secret_at(record)))
		return err_because(ERR_SYNTAX,
		    "a share: wanted only A-Z and 2-7 (RFC 4648 6)");
	return take_record(secret_peek(record), out_share);
}

/* Straight into locked memory: a buffer of file_read() is not. */
static enum err
read_line(int fd, const char *path, struct secret *line, size_t *out_len)
{
	size_t len = 0;
	ssize_t n;

	while (len < secret_len(line) && (n = read(fd, secret_at(line) + len,
	    secret_len(line) - len)) != 0) {
		if (n == -1 && errno != EINTR)
			return err_system("%s: read", path);
		len += n > 0 ? (size_t)n : 0;
	}
	if (len != 0 && secret_peek(line)[len - 1] == '\n')
		len--;
	*out_len = len;
	return ERR_OK;
}

enum err
share_read(const char *path, struct share *out_share)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO(secret) line = NULL;
	size_t len;

	if (fd == -1 && errno == ENOENT)
		return err_because(ERR_NOT_FOUND, "%s: no such file", path);
	if (fd == -1)
		return err_system("%s: open", path);
	/* room for one byte too many, so that a longer file is noticed */
	TRY(secret_new(SHARE_TEXT_SIZE + 2, &line));
	TRY(read_line(fd, path, line, &len));
	return share_get(VIEW(secret_peek(line), len), out_share);
}
