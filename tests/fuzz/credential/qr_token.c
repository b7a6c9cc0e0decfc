/*
 * Token texts: with base45 as they come, and the bytes behind it given
 * directly. Only the seed is signed, with the key of the certificate here.
 */
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "base/file.h"
#include "credential/base45.h"
#include "credential/qr_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBnjCCAUWgAwIBAgIIftS0PRJtvXcwCgYIKoZIzj0EAwIwHzELMAkGA1UEBhMC\n"
    "S1IxEDAOBgNVBAMMB1Rlc3QgQ0EwHhcNMjUwMzE0MDcwMDAwWhcNMjYwNDE5MDcw\n"
    "MDAwWjAhMQswCQYDVQQGEwJLUjESMBAGA1UEAwwJUVIgc2lnbmVyMFkwEwYHKoZI\n"
    "zj0CAQYIKoZIzj0DAQcDQgAEtstQxTMuxCu9w/Un370QjCFch4d+04XfeqtMeM+g\n"
    "QCAstL2sEsjnJv6dafF5/6SF1xuhEisX3k97UDDCrq1JCaNpMGcwHQYDVR0OBBYE\n"
    "FJrzJsxO80u6mPw3OvQ5fW32gP17MB8GA1UdIwQYMBaAFIXFppFzCwfthOyARuVb\n"
    "u7CBQ392MA4GA1UdDwEB/wQEAwIHgDAVBgNVHSUBAf8ECzAJBgcogYxdBQECMAoG\n"
    "CCqGSM49BAMCA0cAMEQCIBbbRIyEqx6GRCiBYvN4bB9ggqchV3fxsk3iYfCCNwDB\n"
    "AiAdN0P178srLewDqAJ1QhC5lARLv6T2nybHPSSnCtY0QA==\n"
    "-----END CERTIFICATE-----\n";

static struct issuer *
signer(void)
{
	static struct issuer *i;
	char path[] = "/tmp/okse-fuzz-XXXXXX";

	if (i != NULL)
		return i;
	close(mkstemp(path));
	if (crypto_init() != ERR_OK || file_publish(path,
	    view_text(certificate), 0600) != ERR_OK ||
	    issuer_load(path, "https://id.example.kr", &i) != ERR_OK)
		abort();
	unlink(path);
	return i;
}

static void
read_one(struct view text)
{
	const struct issuer *issuers[] = { signer() };
	AUTO_DONE(bytes) raw = { 0 };
	AUTO_DONE(bytes) again = { 0 };
	struct qr_token t;
	uint8_t cti[QR_TOKEN_ID];
	enum err peeked = qr_token_peek(text, cti);

	if (qr_token_read(text, issuers, 1, &t) == ERR_OK &&
	    (t.expires_at - t.issued_at > QR_TOKEN_LIFE ||
	    peeked != ERR_OK || memcmp(t.cti, cti, sizeof(cti)) != 0))
		abort();
	if (base45_get(text, &raw) != ERR_OK)
		return;
	base45_put(&again, bytes_view(&raw));
	if (!view_equal(bytes_view(&again), text))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_DONE(bytes) text = { 0 };

	read_one(VIEW(data, size));
	bytes_put_text(&text, QR_TOKEN_PREFIX);
	base45_put(&text, VIEW(data, size));
	read_one(bytes_view(&text));
	return 0;
}
