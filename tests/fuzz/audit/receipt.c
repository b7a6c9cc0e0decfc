/*
 * Any bytes as a receipt (tlog-proof).
 */
#include <stdlib.h>

#include "audit/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vkey *key;
	AUTO_DONE(receipt) r = { 0 };

	if (key == NULL && (crypto_init() != ERR_OK ||
	    vkey_get(view_text("example.com/log/testdata+33d7b496+"
	    "AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"), &key) !=
	    ERR_OK))
		abort();
	if (receipt_get(VIEW(data, size), &r) != ERR_OK)
		return 0;
	if (r.proof.count > PROOF_MAX)
		abort();
	/* with or without the signature, the proof is worked through */
	(void)proof_check_inclusion(&r.proof, r.index, r.checkpoint.size,
	    &r.checkpoint.root, &r.checkpoint.root);
	(void)receipt_check(&r, key);
	return 0;
}
