/* The options of every command, for the table in okse.c alone. */
#ifndef OKSE_CLI_OPTIONS_H
#define OKSE_CLI_OPTIONS_H

#include "cli/commands.h"
#include "cli/service.h"

#define JSON_OPTION { "json", NULL, "print the whole answer as JSON" }
#define CONFIG_OPTION { "config", "FILE", "okse.yaml; otherwise the one in " \
	"--dir, or /etc/okse/okse.yaml" }
#define ROSTER_OPTION { "roster", "FILE", "the officers; otherwise that of " \
	"okse.yaml" }
#define KEY_OPTION { "key", "KEY", "Idempotency-Key of an earlier try" }

static const struct option dev_options[] = {
	{ "sealed", NULL, "leave it sealed, for `okse unseal`" },
	{ "prepare", NULL, "make the instance and do not start it" },
	{ "tls", "PORT", "also listen on 127.0.0.1:PORT (first run)" },
	{ "keyholders", "N", "processes that sign (first run)" },
	{ "witness", "URL=VKEY", "a witness of its log, for a quorum of "
	    "most of them; may be repeated (first run)" },
	{ "registry", "URI", "postgresql://… instead of a file (first run)" },
	{ "fleet", "OF", "a further node beside the one in OF (first run)" },
	{ 0 },
};

static const struct option unseal_options[] = {
	{ "share", "FILE", "a share, or what it is sealed in (CMS); may be "
	    "repeated. Without: asks" },
	{ "seat", "N", "the share's seat, checked" },
	{ "key", "FILE", "the officer's key, one for each share; otherwise "
	    "N.key beside N.share" },
	{ "card", "URI", "the officer's card instead; needs --roster and "
	    "--seat" },
	{ "roster", "FILE", "roster.txt, for the card's public key" },
	{ "recipient", "FILE", "the key that a share in CMS is sealed to" },
	{ "expect", "FILE", "lines that the daemon's statement must have" },
	{ "ceremony", "DIR", "the ceremony that it must come from" },
	{ "statement", NULL, "only print the daemon's statement" },
	{ "plain", NULL, "in the clear and unsigned, where okse.yaml takes "
	    "that" },
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option seal_options[] = {
	{ "seat", "N", "sign it, so that the log has who closed it" },
	{ "key", "FILE", "with this key of the officer" },
	{ "card", "URI", "or with this card; needs --roster" },
	{ "roster", "FILE", "roster.txt, for the card's public key" },
	{ "cancel", NULL, "forget the shares given so far; must be signed" },
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option admin_options[] = {
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option qr_token_options[] = {
	{ "batch", "FILE", "up to 256 requests: {\"requests\":[…]}" },
	{ "show", NULL, "draw the QR code on the terminal" },
	{ "png", "FILE", "write the QR code as a picture" },
	KEY_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option credential_options[] = {
	{ "device-key", "FILE", "practice phone: its key, made if missing" },
	KEY_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option device_options[] = {
	{ "entry", "INDEX", "whose a decision of the log was; nothing is read "
	    "then" },
	{ "programme", "NAME", "otherwise that of the request" },
	{ "log", "DIR", "a published log, or its address; may be repeated. "
	    "Otherwise that of okse.yaml" },
	CONFIG_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option status_change_options[] = {
	KEY_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option test_options[] = {
	JSON_OPTION,
	{ 0 },
};

static const struct option explain_options[] = {
	{ "policy", "DIR", "the policy's directory" },
	{ "readable", NULL, "for people instead of JSON" },
	{ 0 },
};

static const struct option simulate_options[] = {
	{ "policy", "DIR", "the policy of today" },
	{ "candidate", "DIR", "the one to compare it with" },
	JSON_OPTION,
	{ 0 },
};

static const struct option show_options[] = {
	{ "effective", NULL, "every rule with mode, figures and basis" },
	JSON_OPTION,
	{ 0 },
};

static const struct option sign_options[] = {
	{ "seat", "N", "the officer's seat in the roster" },
	{ "key", "FILE", "the officer's own key, PEM" },
	{ "prepare", NULL, "write the manifest anew, drop its signatures" },
	{ "not-before", "TIME", "counts from then; otherwise from today" },
	{ "expires", "TIME", "and until then; otherwise for a year" },
	ROSTER_OPTION,
	CONFIG_OPTION,
	SERVICE_OPTION,
	{ 0 },
};

static const struct option verify_bundle_options[] = {
	ROSTER_OPTION,
	CONFIG_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option activate_options[] = {
	CONFIG_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option shadow_options[] = {
	{ "off", NULL, "no shadow from now on" },
	CONFIG_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option registry_options[] = {
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option registry_close_orphans_options[] = {
	{ "reason", "WORD", "why, for the log: a word without long numbers" },
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option registry_repair_options[] = {
	{ "yes", NULL, "do not ask" },
	{ "offline", NULL, "without the daemon, which must be stopped" },
	CONFIG_OPTION,
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option registry_copy_options[] = {
	CONFIG_OPTION,
	SERVICE_OPTION,
	{ 0 },
};

static const struct option registry_verify_options[] = {
	{ "log", "DIR", "the published log to compare it with" },
	{ "key", "FILE", "the log's key; otherwise log.vkey of --log" },
	JSON_OPTION,
	{ 0 },
};

#define OWNER_OPTION { "owner", "URI", "the database, as the tables' owner" }

static const struct option registry_migrate_options[] = {
	{ "grant", "ROLE", "what a daemon needs, to this role" },
	{ 0 },
};

static const struct option registry_owner_options[] = {
	OWNER_OPTION,
	{ 0 },
};

static const struct option registry_retire_options[] = {
	OWNER_OPTION,
	{ "lost", NULL, "although something only its log knows may be lost" },
	{ 0 },
};

static const struct option registry_confirm_options[] = {
	OWNER_OPTION,
	{ "key", "FILE", "the log's key (that beside it)" },
	{ 0 },
};

static const struct option registry_nodes_options[] = {
	OWNER_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option rehearse_options[] = {
	{ "module", "FILE", "PKCS#11 module; otherwise SoftHSM" },
	{ "previous", "DIR", "the ceremony that the script continues" },
	{ "node", "DIR", "a further node's ceremony, whose keys are "
	    "certified" },
	{ 0 },
};

#define ROOM_OPTIONS                                                          \
	{ "language", "LANG", "of the room: en, ko" },                        \
	{ "lines", NULL, "lines instead of the whole screen" }

static const struct option run_options[] = {
	{ "module", "FILE", "PKCS#11 module; otherwise SoftHSM" },
	{ "rehearsal", "DIR", "where this script was rehearsed" },
	{ "previous", "DIR", "the ceremony that the script continues" },
	{ "node", "DIR", "a further node's ceremony, whose keys are "
	    "certified" },
	ROOM_OPTIONS,
	{ 0 },
};

static const struct option resume_options[] = {
	{ "module", "FILE", "PKCS#11 module; otherwise SoftHSM" },
	ROOM_OPTIONS,
	{ "practice", NULL, "a rehearsal: practice officers answer" },
	{ 0 },
};

static const struct option card_options[] = {
	{ "card", "URI", "the token (RFC 7512); its pin-source, or a "
	    "question" },
	{ "public", "KEY", "the public key, base64 as in a roster" },
	{ 0 },
};

static const struct option minutes_options[] = {
	{ "html", NULL, "a page for a browser, which prints alike" },
	{ 0 },
};

static const struct option verify_options[] = {
	{ "root", "HASH", "the transcript's hash as the officers noted it" },
	{ "production", NULL, "a rehearsal will not do" },
	{ 0 },
};

static const struct option audit_verify_options[] = {
	TRUST_OPTIONS,
	{ "from", "NOTE", "an older checkpoint, which must be of the same "
	    "tree; may be repeated" },
	{ "to", "NOTE", "verify as of this checkpoint" },
	{ "late", "SECONDS", "how late a quorum may be (600)" },
	JSON_OPTION,
	{ 0 },
};

static const struct option audit_replay_options[] = {
	REPLAY_OPTIONS,
	AUDITED_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

static const struct option audit_note_options[] = {
	TRUST_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

static const struct option audit_report_options[] = {
	{ "html", "FILE", "where to write the page" },
	{ "csv", "FILE", "the same figures as a table" },
	{ "n", "N", "entries shown with their proofs (16)" },
	REPLAY_OPTIONS,
	AUDITED_OPTIONS,
	{ 0 },
};

static const struct option audit_range_options[] = {
	{ "summary", NULL, "count them instead of printing them" },
	{ "csv", NULL, "the counts as a table" },
	AUDITED_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

static const struct option audit_sample_options[] = {
	{ "seed", "TEXT", "what nobody knew when the log was written" },
	{ "n", "N", "how many (25)" },
	{ "event", "NAME", "only of these: decision, unseal, …" },
	AUDITED_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

static const struct option audit_gaps_options[] = {
	{ "silence", "SECONDS", "without an entry are a gap (150)" },
	{ "csv", NULL, "the gaps as a table" },
	AUDITED_OPTIONS,
	JSON_OPTION,
	{ 0 },
};

static const struct option audit_periods_options[] = {
	SERVICE_OPTION,
	JSON_OPTION,
	{ 0 },
};

static const struct option audit_archive_options[] = {
	{ "note", "FILE", "as of this checkpoint; otherwise the newest" },
	{ "stamp", "FILE", "an authority's time stamp of it (RFC 3161)" },
	{ "authority", "FILE", "that authority's certificate, PEM" },
	{ "unwitnessed", NULL, "although no quorum has cosigned it" },
	TRUST_OPTIONS,
	{ 0 },
};

static const struct option audit_close_options[] = {
	SERVICE_OPTION,
	{ 0 },
};

static const struct option audit_prune_options[] = {
	SERVICE_OPTION,
	{ "min", "INDEX", "entries below this; otherwise all whole bundles "
	    "that the archive has" },
	TRUST_OPTIONS,
	{ 0 },
};

static const struct option audit_show_options[] = {
	{ "from", "N", "first entry" },
	{ "to", "N", "entry after the last" },
	{ "event", "NAME", "only these: decision, unseal, …" },
	{ 0 },
};

static const struct option verify_document_options[] = {
	{ "ca", "FILE", "the CA's certificate that is trusted" },
	{ "signer", "FILE", "a signer's, for formats that do not bring it" },
	{ "status", "FILE", "a status list: is the credential valid by it?" },
	{ "at", "TIME", "verify as of this time (RFC 3339)" },
	{ 0 },
};

static const struct option trace_options[] = {
	{ "log", "DIR", "the published log" },
	{ "ca", "DIR", "iaca.pem and the signers' certificates" },
	{ "ceremony", "DIR", "and on to what the key ceremony left" },
	TRUST_OPTIONS,
	{ "entry", NULL, "print the entry as well" },
	{ 0 },
};

static const struct option witness_options[] = {
	{ "init", "NAME", "make a new witness of this name in DIR" },
	{ "logs", "FILE", "the logs it knows, a vkey a line; otherwise "
	    "logs.txt of DIR" },
	{ "listen", "ADDRESS", "IP:PORT or a socket's path; otherwise "
	    "witness.sock of DIR" },
	{ "prefix", "PATH", "what stands before /add-checkpoint in URLs" },
	{ 0 },
};

#endif
