/*
 * A chip's evidence: 64 bytes of signature, then a certificate. Seeds are of
 * the CA here, tapped for one person; nothing else may ever count in full.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "credential/chip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBeTCCASCgAwIBAgIJT6zG/FUTQVrsMAoGCCqGSM49BAMCMB8xCzAJBgNVBAYT\n"
    "AktSMRAwDgYDVQQDEwdGdXp6IENBMB4XDTI0MDIyNzE2MDY0MloXDTI5MDgxOTE2\n"
    "MDY0MlowHzELMAkGA1UEBhMCS1IxEDAOBgNVBAMTB0Z1enogQ0EwWTATBgcqhkjO\n"
    "PQIBBggqhkjOPQMBBwNCAATTFkFzvoBoPSFhdZwCbM5HF75cY8khgW0M3q1TV8Ey\n"
    "B2R4dtJQ88yuxVBtr/CzaVCNfWUylsvV7VSTcyLewvuQo0UwQzASBgNVHRMBAf8E\n"
    "CDAGAQH/AgEAMA4GA1UdDwEB/wQEAwICBDAdBgNVHQ4EFgQUsjRz1BL2blg3J8+j\n"
    "N2yNALoZlW8wCgYIKoZIzj0EAwIDRwAwRAIgFT2HwFtjnU6uTWRbDv9RteZP5sll\n"
    "ewnCjoZJ13GryvMCIAymt4rJXDIdInwJDXDzXt3cC9AKHNt/zosdQI6ZHXhS\n"
    "-----END CERTIFICATE-----\n";

#define NOW INT64_C(1795449600)	/* while the seeds are valid */

static struct card_ca *
card_ca(void)
{
	static struct card_ca *ca;
	char path[] = "/tmp/okse-fuzz-XXXXXX";

	if (ca != NULL)
		return ca;
	close(mkstemp(path));
	if (crypto_init() != ERR_OK || file_publish(path,
	    view_text(certificate), 0600) != ERR_OK ||
	    card_ca_load(path, &ca) != ERR_OK)
		abort();
	unlink(path);
	return ca;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(chip) c = NULL;
	struct chip_tap tap = { view_text("a"), view_text("n"),
	    VIEW(data, P256_SIGNATURE_SIZE) };
	bool trusted, signs, ours;

	if (size < P256_SIGNATURE_SIZE || chip_read(
	    VIEW(data + P256_SIGNATURE_SIZE, size - P256_SIGNATURE_SIZE),
	    &c) != ERR_OK)
		return 0;
	trusted = chip_trusted(c, card_ca(), NOW) == EVIDENCE_VALID;
	signs = chip_signed(c, &tap);
	ours = chip_is_of(c, view_text("0102033234560"));
	/* what the CA vouches for is a seed, whole */
	if (trusted && (size - P256_SIGNATURE_SIZE > CHIP_CERTIFICATE ||
	    (signs && ours && chip_is_of(c, view_text("0102033234561")))))
		abort();
	return 0;
}
