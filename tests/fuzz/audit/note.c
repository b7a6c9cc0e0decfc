/*
 * Any bytes as a signed note and as a verifier key. What is accepted must be
 * what we would write.
 */
#include <stdlib.h>

#include "audit/checkpoint.h"
#include "audit/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_vkey(struct view v)
{
	AUTO(vkey) k = NULL;
	AUTO_DONE(bytes) again = { 0 };

	if (vkey_get(v, &k) != ERR_OK)
		return;
	vkey_put(k, &again);
	if (!view_equal(bytes_view(&again), v))
		abort();
}

static void
try_note(struct view v, const struct vkey *key)
{
	struct note n;
	struct checkpoint c;

	if (note_get(v, &n) != ERR_OK)
		return;
	if (n.count == 0 || n.text.len == 0 ||
	    n.text.at[n.text.len - 1] != '\n')
		abort();
	(void)checkpoint_get(n.text, &c);
	(void)note_verify(&n, key, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vkey *key;

	if (key == NULL && (crypto_init() != ERR_OK ||
	    vkey_get(view_text("witness.example.org+b8a2cf20+"
	    "BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"), &key) != ERR_OK))
		abort();
	try_note(VIEW(data, size), key);
	try_vkey(VIEW(data, size));
	return 0;
}
