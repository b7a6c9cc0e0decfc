/*
 * What officers may ask of the supervisor. The desk turns their HTTP requests
 * into ADMIN messages and the ADMIN_REPLY into their answer; it keeps nothing.
 *
 *	ADMIN		u16 verb, block argument
 *	ADMIN_REPLY	err, text message, text JSON object ("" on failure)
 */
#ifndef OKSE_SIGNER_ADMIN_H
#define OKSE_SIGNER_ADMIN_H

enum admin_verb {
	ADMIN_STATUS = 1,	/* GET /v1/seal-status */
	ADMIN_SHARE,		/* POST /v1/unseal; a share, in the clear */
	ADMIN_SEAL,		/* POST /v1/seal */
	ADMIN_CLEAR_LATCH,	/* POST /v1/clear-latch, after a wrong PIN */
	ADMIN_ACT,		/* POST /v1/acts; what an officer signed */
	/* these the supervisor passes on to the notary, as they are */
	ADMIN_POLICY,		/* GET /v1/policy */
	ADMIN_POLICY_ACTIVATE,	/* POST /v1/policy; argument: u64 serial */
	ADMIN_POLICY_SHADOW,	/* the same; 0: no shadow from now on */
	ADMIN_REGISTRY,		/* GET /v1/registry */
	ADMIN_REGISTRY_STATS,	/* GET /v1/registry/stats */
	ADMIN_REGISTRY_BACKUP,	/* POST /v1/registry/backup */
	ADMIN_REGISTRY_REPAIR,	/* POST /v1/registry/repair; argument: u64
				   first, u64 last of the missing entries */
	ADMIN_PERIOD,		/* GET /v1/log/periods */
	ADMIN_PERIOD_CLOSE,	/* POST /v1/log/periods/NAME; argument: NAME */
	ADMIN_MINIMUM,		/* GET /v1/log/minimum */
	ADMIN_MINIMUM_SET,	/* POST /v1/log/minimum/N; argument: N */
	ADMIN_ORPHANS,		/* GET /v1/log/orphans; argument: "", or from
				   which index on */
	ADMIN_ORPHANS_CLOSE,	/* POST /v1/log/orphans; argument: text who,
				   text reason, u64 for each index */
	ADMIN_DEVICE,		/* POST /v1/devices; argument: text who, text
				   programme, text number or "", u64 entry */
};

/* Also in STATE, for the gate. */
enum seal_state {
	SEAL_SEALED = 1,
	SEAL_OPENING,	/* the quorum is complete, keyholders log in */
	SEAL_OPEN,
	SEAL_LATCHED,	/* the token refused a PIN: an officer must clear it */
	SEAL_ASKING,	/* the quorum is complete, witnesses are being asked */
};

#define ADMIN_SHARE_MAX 2048	/* bytes of a share's or an act's text */

#endif
