/*
 * Any text as officers' signatures over one message. Whoever is counted as
 * having agreed is one of the roster, once.
 */
#include <stdint.h>
#include <stdlib.h>

#include "quorum/approval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char roster_text[] =
    "okse-roster 1\n"
    "threshold 2\n"
    "seats 3\n"
    "seat 1 ed25519 "
    "MCowBQYDK2VwAyEAA25zRuxW4s93iWBZA25s8cr0BnM6kkfdrLZigWIbjCc= "
    "Officer 1\n"
    "seat 2 ed25519 "
    "MCowBQYDK2VwAyEAPSrGj7gh6YOOIryBLAz1y0I9iS5uykwUnwaHgoPMuKs= "
    "Officer 2\n"
    "seat 3 p256 MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEz3MgV3/2O2GcJnD3eA"
    "SvQuj8U/q0TDZXV56iUyeOb53WHXtzeuCpEKpoHBaW7zIVdE9ued/Ztb+aZJG9Bz1X"
    "fw== Officer 3\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct roster roster;
	struct approvals a;

	if (roster.count == 0 && (crypto_init() != ERR_OK ||
	    roster_get(view_text(roster_text), &roster) != ERR_OK))
		abort();
	if (approvals_verify(&roster, "okse/fuzz/v1",
	    view_text("okse/fuzz/v1\nagreed\n"), VIEW(data, size), &a) !=
	    ERR_OK)
		return 0;
	if (a.count < roster.threshold || a.count > roster.count)
		abort();
	for (unsigned int i = 0; i < a.count; i++)
		if (a.seats[i] > roster.count ||
		    a.seats[i] <= (i != 0 ? a.seats[i - 1] : 0))
			abort();
	return 0;
}
