/*
 * The daemon's main: one program, the role is an argument. Operators start
 * the supervisor; the supervisor starts the rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signer/child.h"
#include "signer/log.h"

#if defined(__SANITIZE_ADDRESS__)
/* The leak checker traces its process, which the sandbox does not allow. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

static int
usage(void)
{
	fprintf(stderr,
	    "usage: oksed --config FILE\n"
	    "\n"
	    "Starts the signing service, sealed, in the foreground. Officers\n"
	    "open it with `okse unseal`; SIGTERM stops it. See oksed(8).\n"
	    "\n"
	    "example: oksed --config /etc/okse/okse.yaml\n");
	return 2;
}

static int
role_main(const char *name, const char *index)
{
	enum role role;

	if (role_of(view_text(name), &role) != ERR_OK)
		return usage();
	switch (role) {
	case ROLE_GATE:
	case ROLE_DESK:
		return gate_main(role);
	case ROLE_NOTARY:
		return notary_main();
	case ROLE_KEYHOLDER:
		return keyholder_main((unsigned int)strtoul(index, NULL, 10));
	case ROLE_COURIER:
		return courier_main();
	case ROLE_SUPERVISOR:
	case ROLE_WITNESS:
		break;
	}
	return usage();
}

int
main(int argc, char **argv)
{
	static const char role[] = "--role=", index[] = "--index=";

	if (argc == 3 && strcmp(argv[1], "--config") == 0)
		return supervisor_main(argv[2]);
	/* _exit: modules and libraries crash in their exit handlers */
	if (argc == 3 && strncmp(argv[1], role, sizeof(role) - 1) == 0 &&
	    strncmp(argv[2], index, sizeof(index) - 1) == 0)
		_exit(role_main(argv[1] + sizeof(role) - 1,
		    argv[2] + sizeof(index) - 1));
	return usage();
}
