/*
 * Any bytes as a request to a witness, and as the size it answers with. A
 * request that is taken must be what we would write.
 */
#include <stdlib.h>

#include "audit/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LOG "sigsum.org/v1/tree/" \
	"4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
#define LOG_KEY \
	"ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"

static struct witness_log known;

static enum err
prepare(void)
{
	AUTO_DONE(bytes) raw = { 0 };

	TRY(crypto_init());
	TRY(hex_get(view_text(LOG_KEY), &raw));
	TRY(vkey_new(view_text(LOG), VKEY_ED25519, bytes_view(&raw),
	    &known.keys[0]));
	known.key_count = 1;
	return ERR_OK;
}

static void
try_request(struct view body)
{
	AUTO_DONE(bytes) again = { 0 };
	struct witness_request r;
	struct checkpoint c;

	if (witness_request_get(body, &r) != ERR_OK)
		return;
	witness_request_put(&again, r.old, &r.proof, r.note);
	if (!view_equal(bytes_view(&again), body))
		abort();
	(void)witness_request_origin(&r);
	known.size = r.old;
	(void)witness_check(&known, &r, &c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t number;

	if (known.key_count == 0 && prepare() != ERR_OK)
		abort();
	try_request(VIEW(data, size));
	(void)witness_size_get(VIEW(data, size), &number);
	return 0;
}
