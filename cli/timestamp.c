/*
 * Verifying a time stamp. The response is a stranger's; OpenSSL reads it and
 * holds the certificate to RFC 3161 2.3. Next: audit_close.c.
 */
#include "cli/timestamp.h"

#include <openssl/ts.h>

#include "base/crypto.h"
#include "base/time.h"

AUTO_DEFINE(TS_RESP, TS_RESP, TS_RESP_free);
AUTO_DEFINE(TS_VERIFY_CTX, TS_VERIFY_CTX, TS_VERIFY_CTX_free);
AUTO_DEFINE(X509_STORE, X509_STORE, X509_STORE_free);

static enum err
read_response(struct view der, TS_RESP **out_response)
{
	const uint8_t *at = der.at;
	AUTO(TS_RESP) r = d2i_TS_RESP(NULL, &at, (long)der.len);

	if (r == NULL || at != der.at + der.len) {
		(void)err_openssl("time stamp");
		return err_because(ERR_SYNTAX, "not one time-stamp response "
		    "in DER (RFC 3161 2.4.2)");
	}
	*out_response = STEAL(r);
	return ERR_OK;
}

static enum err
trust_authority(const char *path, X509_STORE **out_store)
{
	AUTO(X509) ca = NULL;
	AUTO(X509_STORE) store = X509_STORE_new();

	TRY(pem_read_certificate(path, &ca));
	if (store == NULL || X509_STORE_add_cert(store, ca) != 1)
		return err_openssl("the authority's certificate");
	*out_store = STEAL(store);
	return ERR_OK;
}

static enum err
verify(TS_RESP *response, struct view data, const char *authority)
{
	AUTO(TS_VERIFY_CTX) c = TS_VERIFY_CTX_new();
	AUTO(X509_STORE) store = NULL;
	BIO *b = BIO_new_mem_buf(data.at, (int)data.len);

	if (c == NULL || b == NULL) {
		BIO_free(b);
		return err_because(ERR_MEMORY, "no memory for a time stamp");
	}
	TS_VERIFY_CTX_set_data(c, b);	/* its own from here on */
	TRY(trust_authority(authority, &store));
	TS_VERIFY_CTX_set_store(c, STEAL(store));
	TS_VERIFY_CTX_set_flags(c, TS_VFY_VERSION | TS_VFY_DATA |
	    TS_VFY_SIGNER | TS_VFY_SIGNATURE);
	if (TS_RESP_verify_response(c, response) == 1)
		return ERR_OK;
	(void)err_openssl("time stamp");
	return err_because(ERR_SIGNATURE, "%s", err_why());
}

enum err
timestamp_verify(struct view response, struct view data,
    const char *authority, int64_t *out_time)
{
	AUTO(TS_RESP) r = NULL;
	const ASN1_GENERALIZEDTIME *when;
	struct tm tm;

	TRY(read_response(response, &r));
	TRY(verify(r, data, authority));
	when = TS_TST_INFO_get_time(TS_RESP_get_tst_info(r));
	if (ASN1_TIME_to_tm(when, &tm) != 1)
		return err_because(ERR_SYNTAX, "no time in the time stamp");
	*out_time = date_begins((struct date){ tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday }, 0) + tm.tm_hour * 3600 +
	    tm.tm_min * 60 + tm.tm_sec;
	return ERR_OK;
}
