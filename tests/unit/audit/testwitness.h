/*
 * Witnesses for tests: keys made of a letter, cosignatures, and a policy that
 * names them.
 */
#ifndef OKSE_TESTS_TESTWITNESS_H
#define OKSE_TESTS_TESTWITNESS_H

#include "audit/cosignature.h"
#include "audit/trust.h"
#include "testlog.h"

struct testwitness {
	EVP_PKEY	*secret;
	struct vkey	*key;
};

[[maybe_unused]] static enum err
testwitness_new(char letter, struct testwitness *out)
{
	char name[] = "witness-?.example";
	uint8_t seed[32];

	name[8] = letter;
	memset(seed, letter, sizeof(seed));
	return testlog_key(name, VKEY_COSIGNATURE, seed, &out->secret,
	    &out->key);
}

[[maybe_unused]] static void
testwitness_done(struct testwitness *w)
{
	vkey_free(w->key);
	EVP_PKEY_free(w->secret);
}

/* The line with which a witness answers. */
[[maybe_unused]] static enum err
testwitness_line(const struct testwitness *w, struct view text, uint64_t time,
    struct bytes *out)
{
	AUTO_DONE(bytes) message = { 0 };
	uint8_t signature[64];

	vkey_cosignature_message(&message, time, text);
	TRY(bytes_check(&message));
	TRY(testlog_sign(w->secret, bytes_view(&message), signature));
	cosignature_put(out, w->key, time, VIEW_OF(signature));
	return bytes_check(out);
}

/* Replaces a note by itself with one cosignature more. */
[[maybe_unused]] static enum err
testwitness_cosign(const struct testwitness *w, uint64_t time,
    struct bytes *note)
{
	AUTO_DONE(bytes) line = { 0 };
	AUTO_DONE(bytes) more = { 0 };
	struct note n;

	TRY(note_get(bytes_view(note), &n));
	TRY(testwitness_line(w, n.text, time, &line));
	TRY(cosignature_add(bytes_view(note), w->key, bytes_view(&line),
	    &more));
	bytes_reset(note);
	bytes_put(note, bytes_view(&more));
	return bytes_check(note);
}

#endif
