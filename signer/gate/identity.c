/*
 * The identity of clients. A certificate's names are believed once OpenSSL
 * has verified its chain; a uid is the kernel's word as of connect(). Next:
 * server.c.
 */
#include "signer/gate/identity.h"

#include <string.h>
#include <sys/socket.h>

#include <openssl/x509v3.h>

#define CHAIN_MAX 4		/* certificates between a client and its CA */

AUTO_DEFINE(GENERAL_NAMES, GENERAL_NAMES, GENERAL_NAMES_free);

int64_t
identity_uid(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return -1;
	return (int64_t)peer.uid;
}

size_t
identity_of_socket(const struct config *c, int fd)
{
	int64_t uid = identity_uid(fd);

	for (size_t i = 0; uid >= 0 && i < c->clients.count; i++)
		for (size_t u = 0; u < c->clients.at[i].uids.count; u++)
			if (c->clients.at[i].uids.at[u] == uid)
				return i;
	return IDENTITY_NONE;
}

/* "URI:" or "DNS:" and the name, as in the configuration. */
static bool
is_named(const GENERAL_NAME *n, const char *san)
{
	const ASN1_IA5STRING *name;

	if (n->type == GEN_URI && strncmp(san, "URI:", 4) == 0)
		name = n->d.uniformResourceIdentifier;
	else if (n->type == GEN_DNS && strncmp(san, "DNS:", 4) == 0)
		name = n->d.dNSName;
	else
		return false;
	return view_is(VIEW(ASN1_STRING_get0_data(name),
	    (size_t)ASN1_STRING_length(name)), san + 4);
}

static bool
is_one_of_its_names(const struct config_client *c, const GENERAL_NAME *n)
{
	for (size_t i = 0; i < c->sans.count; i++)
		if (is_named(n, c->sans.at[i]))
			return true;
	return false;
}

size_t
identity_of_certificate(const struct config *c, X509 *certificate)
{
	AUTO(GENERAL_NAMES) names = X509_get_ext_d2i(certificate,
	    NID_subject_alt_name, NULL, NULL);
	size_t found = IDENTITY_NONE;

	for (int n = 0; n < sk_GENERAL_NAME_num(names); n++) {
		for (size_t i = 0; i < c->clients.count; i++) {
			if (!is_one_of_its_names(&c->clients.at[i],
			    sk_GENERAL_NAME_value(names, n)))
				continue;
			if (found != IDENTITY_NONE && found != i)
				return IDENTITY_NONE;
			found = i;
		}
	}
	return found;
}

static enum err
use_files(SSL_CTX *t, const struct config_tls *c)
{
	STACK_OF(X509_NAME) *authorities;

	if (SSL_CTX_use_certificate_chain_file(t, c->certificate) != 1)
		return err_openssl(c->certificate);
	if (SSL_CTX_use_PrivateKey_file(t, c->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(t) != 1)
		return err_openssl(c->key);
	if (SSL_CTX_load_verify_file(t, c->client_ca) != 1)
		return err_openssl(c->client_ca);
	/* clients choose their certificate by this list */
	authorities = SSL_load_client_CA_file(c->client_ca);
	if (authorities == NULL)
		return err_openssl(c->client_ca);
	SSL_CTX_set_client_CA_list(t, authorities);
	return ERR_OK;
}

enum err
identity_tls(const struct config_tls *c, SSL_CTX **out_context)
{
	static const unsigned char context[] = "okse";
	AUTO(SSL_CTX) t = SSL_CTX_new(TLS_server_method());

	if (t == NULL ||
	    SSL_CTX_set_min_proto_version(t, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_session_id_context(t, context,
	    sizeof(context) - 1) != 1 ||
	    SSL_CTX_set_num_tickets(t, 0) != 1)
		return err_openssl("TLS");
	SSL_CTX_set_session_cache_mode(t, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(t, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(t, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(t, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_verify_depth(t, CHAIN_MAX);
	TRY(use_files(t, c));
	*out_context = STEAL(t);
	return ERR_OK;
}
