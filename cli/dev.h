/*
 * `okse dev`: a complete throw-away instance in one directory.
 *
 *	DIR/okse.yaml		written last: without it, nothing is there yet
 *	DIR/policy/SERIAL/	the reference, signed by two practice officers
 *	DIR/softhsm/		the token, and softhsm2.conf
 *	DIR/ca log ceremony officers	what the rehearsal ceremony left
 *	DIR/tls/		certificates of server and client, for trials,
 *				and of a CA for practice cards
 *	DIR/registry.db state/	the daemon's own
 *	DIR/witnesses.txt	a trust policy, with --witness
 *	DIR/api.sock admin.sock metrics.sock
 */
#ifndef OKSE_CLI_DEV_H
#define OKSE_CLI_DEV_H

#include <limits.h>

#include "ceremony/ceremony.h"

#define DEV_DIR 96	/* so that its sockets' paths fit 107 bytes, unix(7) */
#define DEV_NAME 64	/* of anything in it */

#define DEV_WITNESSES 16

struct dev {
	char		 dir[DEV_DIR];		/* absolute */
	char		 oksed[PATH_MAX];	/* the daemon's program */
	char		 configs[PATH_MAX];	/* policy/ and ceremony/ */
	const char	*tls_port;		/* or NULL */
	const char	*keyholders;		/* or NULL */
	const char	*witnesses[DEV_WITNESSES];	/* URL=VKEY … NULL */
	const char	*registry;		/* a URI, or NULL */
	const char	*fleet;			/* a node's, or NULL */
	char		 suffix[16];		/* of a further node's names */
};

struct dev_path {	/* DIR/name */
	char	at[DEV_DIR + DEV_NAME];
};
struct dev_path dev_path(const struct dev *d, const char *name);

/*
 * Makes the instance unless DIR/okse.yaml is there. Runs a ceremony, so the
 * calling process has a PKCS#11 module loaded afterwards: let it be one that
 * ends soon. Progress is told on standard error.
 */
[[nodiscard]] enum err dev_setup(const struct dev *d);

/* Instead of a ceremony: what a further node takes from one that is there. */
[[nodiscard]] enum err dev_fleet_keys(const struct dev *d,
    const char *module, struct ceremony_result *out);

/* Of such a node's token: what it took and what it has of its own. */
#define DEV_REGISTER "register.txt"

/* DIR/tls/: ca, server, client, card-ca: NAME.pem and NAME.key, for a year. */
[[nodiscard]] enum err dev_tls(const struct dev *d);
#define DEV_CLIENT_SAN "URI:urn:okse:client:upstream"

#endif
