/*
 * Where a witness is: the URL of its submission prefix.
 *
 *	http[s]://HOST[:PORT][/PATH]
 *
 * HOST is an IPv4 address, an IPv6 address in brackets, or a name. Queries,
 * fragments, user names and percent signs have no place in it.
 */
#ifndef OKSE_SIGNER_COURIER_TARGET_H
#define OKSE_SIGNER_COURIER_TARGET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/bytes.h"

#define TARGET_HOST 254		/* with the final NUL */
#define TARGET_PATH 512

struct target {
	bool		tls;
	bool		literal;	/* the host is an address */
	char		host[TARGET_HOST];	/* without brackets */
	uint16_t	port;
	char		path[TARGET_PATH];	/* "" or "/…", no '/' last */
	struct sockaddr_storage address;
	socklen_t	address_len;		/* 0: not resolved */
};

/* ERR_SYNTAX; literals are resolved at once. */
[[nodiscard]] enum err target_get(struct view url, struct target *out_target);

/*
 * Asks the resolver of this machine, which may take seconds and reads files:
 * only before the lock. ERR_UNAVAILABLE leaves it unresolved.
 */
[[nodiscard]] enum err target_resolve(struct target *t);

/* What the Host field says. */
void target_put_host(const struct target *t, struct bytes *out);

#endif
