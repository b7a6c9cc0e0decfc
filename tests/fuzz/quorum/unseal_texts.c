/*
 * Any text as an unseal statement and as an officer's act. What is read is
 * written back as the same text; an act's bytes may be an envelope.
 */
#include <stdint.h>
#include <stdlib.h>

#include "quorum/activation.h"
#include "quorum/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
statement(struct view text)
{
	AUTO_DONE(bytes) again = { 0 };
	struct activation a;

	if (activation_get(text, &a) != ERR_OK)
		return;
	if (activation_put(&a, &again) != ERR_OK ||
	    !view_equal(bytes_view(&again), text))
		abort();
}

static void
act(struct view text)
{
	static EVP_PKEY *key;
	uint8_t point[P256_POINT_SIZE];
	AUTO_DONE(act) a = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	AUTO(secret) line = NULL;

	if (key == NULL && envelope_key(&key, point) != ERR_OK)
		abort();
	if (act_get(text, &a) != ERR_OK)
		return;
	if (act_begin(&a, &again) != ERR_OK ||
	    !view_equal(bytes_view(&again), a.message) ||
	    act_finish(bytes_view(&a.signature), &again) != ERR_OK ||
	    !view_equal(bytes_view(&again), text))
		abort();
	if (a.kind == ACT_SHARE && envelope_open(&(struct envelope){
	    a.statement, a.seat }, key, bytes_view(&a.sealed), &line) ==
	    ERR_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (crypto_init() != ERR_OK)
		abort();
	statement(VIEW(data, size));
	act(VIEW(data, size));
	return 0;
}
