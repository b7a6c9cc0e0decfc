/*
 * dictionary [--key HEX] BIRTHDATE... -- FILE...: the attack of somebody who
 * has every file and wants the numbers. For each birth date (YYYY-MM-DD) all
 * resident numbers that it can begin are hashed, plainly and as this program
 * would without its key, and each result is looked for at every offset of the
 * files: as bytes, in runs of hex, in runs of base64. Eight bytes that agree
 * are a find, so that no truncation hides one.
 *
 * With --key the candidates are also hashed as the notary does it, with the
 * pseudonym key of the quorum: then the attack must succeed.
 *
 * Prints "plain NUMBER" or "keyed NUMBER" for each that is found, and the
 * count of candidates on standard error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/crypto.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"

#define FILE_MAX ((size_t)256 << 20)
#define PEEK 8		/* bytes that must agree */
#define SLOT_BITS 24
#define SLOTS ((size_t)1 << SLOT_BITS)

/* ---- what is stored: eight bytes from every offset, in an open table */

static uint64_t *slots;
static size_t windows;

/* Where v is, or would be. */
static size_t
slot(uint64_t v)
{
	size_t i = (size_t)(v * UINT64_C(0x9e3779b97f4a7c15) >>
	    (64 - SLOT_BITS));

	while (slots[i] != 0 && slots[i] != v)
		i = (i + 1) % SLOTS;
	return i;
}

static void
remember(const uint8_t at[PEEK])
{
	uint64_t v;
	size_t i;

	memcpy(&v, at, sizeof(v));
	if (v == 0)
		return;		/* holes and paddings */
	i = slot(v);
	if (slots[i] == 0 && ++windows > SLOTS / 4 * 3) {
		fprintf(stderr, "dictionary: too much to search\n");
		exit(2);
	}
	slots[i] = v;
}

static bool
stored(const uint8_t at[PEEK])
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v != 0 && slots[slot(v)] == v;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* PEEK bytes out of digits of so many bits each, if there are enough. */
static void
remember_text(const uint8_t *at, size_t len, int (*digit)(uint8_t c),
    unsigned int bits)
{
	uint8_t out[PEEK];
	uint32_t pool = 0;
	unsigned int have = 0;
	size_t n = 0;

	for (size_t i = 0; n < PEEK; i++) {
		int d = i < len ? digit(at[i]) : -1;

		if (d == -1)
			return;
		pool = pool << bits | (uint32_t)d;
		have += bits;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (uint8_t)(pool >> have);
	}
	remember(out);
}

static void
read_stored(const char *path)
{
	AUTO_DONE(bytes) b = { .max = FILE_MAX };
	enum err e = file_read(path, FILE_MAX, &b);

	if (e != ERR_OK) {
		fprintf(stderr, "dictionary: %s\n", err_why());
		exit(2);
	}
	for (size_t i = 0; i + PEEK <= b.len; i++) {
		remember(b.at + i);
		remember_text(b.at + i, b.len - i, hex_digit, 4);
		remember_text(b.at + i, b.len - i, base64_digit, 6);
	}
}

/* ---- what somebody would try */

static const uint8_t *secret_key;

static bool
try_digest(const EVP_MD *md, struct view v)
{
	uint8_t out[EVP_MAX_MD_SIZE];

	if (EVP_Digest(v.at, v.len, out, NULL, md, NULL) != 1)
		exit(2);
	return stored(out);
}

static bool
try_text(const char *label, size_t label_len, const char *number)
{
	static const EVP_MD *kinds[4];
	uint8_t text[64];
	struct view v = VIEW(text, label_len + 13);
	struct hash h;

	if (kinds[0] == NULL) {
		kinds[0] = EVP_MD_fetch(NULL, "MD5", NULL);
		kinds[1] = EVP_MD_fetch(NULL, "SHA1", NULL);
		kinds[2] = EVP_MD_fetch(NULL, "SHA256", NULL);
		kinds[3] = EVP_MD_fetch(NULL, "SHA512", NULL);
	}
	memcpy(text, label, label_len);
	memcpy(text + label_len, number, 13);
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (try_digest(kinds[i], v))
			return true;
	h = hmac_sha256(VIEW("", 0), VIEW("", 0), v);
	return stored(h.at);
}

/* "plain" when anybody could have found it, "keyed" when only we can. */
static void
try_number(const char number[14])
{
	char hyphen[15];
	struct hash h;

	snprintf(hyphen, sizeof(hyphen), "%.6s-%.7s", number, number + 6);
	h = sha256(view_text(hyphen));
	if (stored(h.at) || stored((const uint8_t *)number) ||
	    try_text("", 0, number) || try_text("holder\0", 7, number))
		printf("plain %s\n", number);
	if (secret_key == NULL)
		return;
	h = hmac_sha256(VIEW(secret_key, SHA256_SIZE), VIEW("holder\0", 7),
	    VIEW(number, 13));
	if (stored(h.at))
		printf("keyed %s\n", number);
}

static void
complete(char number[14])
{
	static const int weight[] = { 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5 };
	int sum = 0;

	for (size_t k = 0; k < COUNT(weight); k++)
		sum += weight[k] * (number[k] - '0');
	number[12] = (char)('0' + (11 - sum % 11) % 10);
	number[13] = '\0';
}

/* Both sexes, both kinds of card that the year allows: 400,000 numbers. */
static size_t
try_date(const char *text)
{
	struct date d;
	char number[64];		/* 13 digits; gcc -O1 cannot know it */
	size_t tried = 0;

	if (date_get(view_text(text), &d) != ERR_OK) {
		fprintf(stderr, "dictionary: %s: no date\n", text);
		exit(2);
	}
	for (int kind = 0; kind < 4; kind++)
		for (int serial = 0; serial < 100000; serial++) {
			snprintf(number, sizeof(number), "%02d%02d%02d%d%05d",
			    d.year % 100, d.month, d.day,
			    (d.year < 2000 ? 1 : 3) + kind % 2 + kind / 2 * 4,
			    serial);
			complete(number);
			try_number(number);
			tried++;
		}
	return tried;
}

int
main(int argc, char *argv[])
{
	AUTO_DONE(bytes) key = { 0 };
	size_t tried = 0;
	int i = 1, files = 1;

	if (crypto_init() != ERR_OK)
		return 2;
	if (argc > 2 && strcmp(argv[1], "--key") == 0) {
		if (hex_get(view_text(argv[2]), &key) != ERR_OK ||
		    key.len != SHA256_SIZE)
			return 2;
		secret_key = key.at;
		i = files = 3;
	}
	while (files < argc && strcmp(argv[files], "--") != 0)
		files++;
	if ((slots = mem_new(SLOTS, sizeof(*slots))) == NULL || i == files)
		return 2;
	for (int f = files + 1; f < argc; f++)
		read_stored(argv[f]);
	for (; i < files; i++)
		tried += try_date(argv[i]);
	fprintf(stderr, "%zu candidates, %zu places\n", tried, windows);
	mem_free(slots);
	return 0;
}
