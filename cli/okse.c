/*
 * The command okse: its whole vocabulary. A row is a command's name, what it
 * takes, what it does, an example, its options and its function.
 */
#include <signal.h>

#include "base/crypto.h"
#include "cli/audit_replay.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/trusted.h"

static const struct command table[] = {
	{ "dev", "DIR", "A complete throw-away instance in one directory.",
	    "okse dev /tmp/okse", dev_options, dev },

	{ "unseal", "", "Give officers' shares until the daemon opens.",
	    "okse unseal --dir /tmp/okse --share /tmp/okse/officers/1.share",
	    unseal_options, unseal },
	{ "seal", "", "Close the daemon: keys are unusable at once.",
	    "okse seal --dir /tmp/okse", seal_options, seal },
	{ "status", "", "Whether the daemon is sealed, and what is missing.",
	    "okse status --dir /tmp/okse", admin_options, status },
	{ "clear-latch", "", "Allow logins again after the token refused a "
	    "PIN.", "okse clear-latch --dir /tmp/okse", admin_options,
	    clear_latch },

	{ "qr-token", "[FILE]", "Ask for a QR token; the request is JSON.",
	    "okse qr-token --dir /tmp/okse --show visit.json",
	    qr_token_options, qr_token },
	{ "credential inspect", "[FILE]", "What a document of any format "
	    "says.", "okse credential inspect licence.txt", NULL,
	    credential_inspect },
	{ "credential verify", "[FILE]", "Whether a document can be "
	    "believed.", "okse credential verify --ca iaca.pem licence.txt",
	    verify_document_options, credential_verify },
	{ "credential", "[FILE]", "Ask for credentials; the request is JSON.",
	    "okse credential --dir /tmp/okse --device-key phone.pem r.json",
	    credential_options, credential },
	{ "status-change", "[FILE]", "Suspend, reinstate or revoke a holder's "
	    "device.", "okse status-change --dir /tmp/okse lost.json",
	    status_change_options, status_change },
	{ "device show", "[FILE]", "What is known of a holder's devices; the "
	    "holder is in JSON.", "okse device show --dir /tmp/okse "
	    "lost.json", device_options, device_show },
	{ "decision", "[FILE]", "What would be decided: nothing is signed or "
	    "kept.", "okse decision --dir /tmp/okse case.json",
	    admin_options, decision },

	{ "policy check", "DIR", "Read a policy and tell its mistakes.",
	    "okse policy check configs/policy", NULL, policy_check },
	{ "policy test", "DIR", "Run the cases beside a policy, tell those "
	    "that fail.", "okse policy test configs/policy", test_options,
	    policy_test_cases },
	{ "policy explain", "[FILE]", "Decide cases, one JSON object a line.",
	    "okse policy explain --policy configs/policy cases.jsonl",
	    explain_options, policy_explain_cases },
	{ "policy simulate", "[FILE]", "Recorded cases by two policies: what "
	    "would change.", "okse policy simulate --policy configs/policy "
	    "--candidate new cases.jsonl", simulate_options,
	    policy_simulate },
	{ "policy show", "DIR", "A policy's hash and serial, or all it does.",
	    "okse policy show --effective configs/policy", show_options,
	    policy_show },
	{ "policy sign", "DIR", "Make a policy a bundle: one officer's "
	    "signature.", "okse policy sign --seat 1 --key 1.key new",
	    sign_options, policy_sign },
	{ "policy verify-bundle", "DIR", "Whether enough officers signed, and "
	    "what.", "okse policy verify-bundle --roster roster.txt new",
	    verify_bundle_options, policy_verify_bundle },
	{ "policy activate", "DIR", "Install a bundle and bring it into "
	    "force.", "okse policy activate --dir /tmp/okse new",
	    activate_options, policy_activate },
	{ "policy shadow", "[DIR]", "Let a bundle decide beside the one in "
	    "force.", "okse policy shadow --dir /tmp/okse new",
	    shadow_options, policy_shadow },

	{ "registry backup", "FILE", "A copy of the registry while it serves.",
	    "okse registry backup --dir /tmp/okse /srv/backup/monday.db",
	    registry_options, registry_back_up },
	{ "registry verify", "FILE", "Whether a copy is whole, and of which "
	    "log.", "okse registry verify --log /tmp/okse/log monday.db",
	    registry_verify_options, registry_verify },
	{ "registry repair", "", "Bring back from the log what the registry "
	    "forgot.", "okse registry repair --dir /tmp/okse",
	    registry_repair_options, registry_repair },
	{ "registry orphans", "", "Which signatures a crash has left open.",
	    "okse registry orphans --dir /tmp/okse", registry_options,
	    registry_orphans },
	{ "registry close-orphans", "INDEX…", "Give up those nobody comes "
	    "back for.", "okse registry close-orphans --dir /tmp/okse "
	    "--reason reissued 4711", registry_close_orphans_options,
	    registry_close_orphans },
	{ "registry copy", "FROM TO", "From a file to PostgreSQL, while the "
	    "daemon is stopped.", "okse registry copy /var/lib/okse/registry.db"
	    " 'postgresql://okse_owner@db/okse'", registry_copy_options,
	    registry_copy_all },
	{ "registry stats", "[FILE]", "What the registry, or a copy, holds.",
	    "okse registry stats --dir /tmp/okse", registry_options,
	    registry_show_stats },
	{ "registry migrate", "WHERE", "Bring the registry's tables to this "
	    "version.", "okse registry migrate --grant okse "
	    "'postgresql://okse_owner@/okse?host=/run/postgresql'",
	    registry_migrate_options, registry_migrate_schema },
	{ "registry join", "CONFIG", "A daemon may share the registry.",
	    "okse registry join --owner "
	    "'postgresql://okse_owner@/okse?host=/run/postgresql' "
	    "/etc/okse/okse.yaml", registry_owner_options,
	    registry_join_node },
	{ "registry retire", "ORIGIN", "A daemon may no longer, for good.",
	    "okse registry retire --owner "
	    "'postgresql://okse_owner@/okse?host=/run/postgresql' "
	    "okse.example/log-2", registry_retire_options,
	    registry_retire_node },
	{ "registry confirm", "DIR", "Nothing is lost of a daemon that is "
	    "down: its log says so.",
	    "okse registry confirm --owner "
	    "'postgresql://okse_owner@/okse?host=/run/postgresql' "
	    "/srv/mirror/log-2", registry_confirm_options,
	    registry_confirm_node },
	{ "registry nodes", "", "Who shares the registry.",
	    "okse registry nodes --owner "
	    "'postgresql://okse_owner@/okse?host=/run/postgresql'",
	    registry_nodes_options, registry_show_nodes },

	{ "ceremony check", "SCRIPT", "Walk a script through before anybody "
	    "travels.", "okse ceremony check configs/ceremony/rehearsal.yaml",
	    NULL, ceremony_check_script },
	{ "ceremony paper", "SCRIPT", "The hashes that everybody brings on "
	    "paper.", "okse ceremony paper root.yaml", rehearse_options,
	    ceremony_print_paper },
	{ "ceremony rehearse", "SCRIPT DIR", "Hold it on a throw-away token "
	    "with practice officers.",
	    "okse ceremony rehearse configs/ceremony/rehearsal.yaml /tmp/c",
	    rehearse_options, ceremony_rehearse_script },
	{ "ceremony run", "SCRIPT DIR", "Hold it with the officers of the "
	    "script.", "okse ceremony run --rehearsal /tmp/c root.yaml day",
	    run_options, ceremony_run_script },
	{ "ceremony resume", "DIR", "Go on with a ceremony after a crash.",
	    "okse ceremony resume day", resume_options, ceremony_resume_dir },
	{ "ceremony sign", "", "One statement, signed by the card of who "
	    "makes it.", "okse ceremony sign --card pkcs11:… --public … <text",
	    card_options, ceremony_sign_statement },
	{ "ceremony verify", "DIR", "Check what a ceremony left, from its "
	    "files alone.", "okse ceremony verify /tmp/okse", verify_options,
	    ceremony_verify_files },
	{ "ceremony report", "DIR", "Its minutes, in pages to sign.",
	    "okse ceremony report --html day >minutes.html", minutes_options,
	    ceremony_report_minutes },

	{ "audit verify", "LOG", "Derive a whole log again from its entries.",
	    "okse audit verify --policy trust.txt https://log.example/2026/",
	    audit_verify_options, audit_verify },
	{ "audit show", "LOG [INDEX]", "A log's entries, one JSON object a "
	    "line.",
	    "okse audit show --event decision /tmp/okse/log",
	    audit_show_options, audit_show },
	{ "audit replay", "LOG…", "Make every decision again by the policies "
	    "that were in force.", "okse audit replay --policies "
	    "/tmp/okse/policy --roster /tmp/okse/ceremony/roster.txt "
	    "/tmp/okse/log", audit_replay_options, audit_replay },
	{ "audit report", "LOG", "A page of all that, which verifies itself in "
	    "the browser.", "okse audit report --html report.html "
	    "--policies /tmp/okse/policy "
	    "--roster /tmp/okse/ceremony/roster.txt /tmp/okse/log",
	    audit_report_options, audit_report },
	{ "audit range", "LOG [FROM] [TO]", "What a log says of some days, or "
	    "all, listed or counted.", "okse audit range --summary "
	    "/tmp/okse/log 2026-11-01 2026-11-30", audit_range_options,
	    audit_range },
	{ "audit sample", "LOG", "Entries drawn by a seed, for a closer "
	    "look.", "okse audit sample --seed 'lottery of 28 November' "
	    "--n 60 --event decision /tmp/okse/log", audit_sample_options,
	    audit_sample },
	{ "audit gaps", "LOG", "What is missing: silence, lost tickets, "
	    "witnesses.", "okse audit gaps /tmp/okse/log",
	    audit_gaps_options, audit_gaps },
	{ "audit proof", "LOG INDEX", "An entry's receipt (tlog-proof).",
	    "okse audit proof /tmp/okse/log 7 >entry-7.tlog-proof", NULL,
	    audit_proof },
	{ "audit check-receipt", "[VKEY] [FILE]", "Check a receipt and print "
	    "its entry.", "okse audit check-receipt --policy trust.txt "
	    "x.tlog-proof", audit_note_options, audit_check_receipt },
	{ "audit diff", "NOTE NOTE [LOG]", "Whether two checkpoints are of "
	    "one tree.", "okse audit diff --key log.vkey june.note july.note "
	    "/tmp/okse/log", audit_note_options, audit_diff },
	{ "audit close", "PERIOD", "End a month of the log with its totals "
	    "and a checkpoint.", "okse audit close --dir /tmp/okse 2026-11",
	    audit_close_options, audit_close },
	{ "audit periods", "", "The closed periods, and who has cosigned "
	    "the checkpoint of each.", "okse audit periods --dir /tmp/okse",
	    audit_periods_options, audit_periods },
	{ "audit archive", "LOG DIR", "Copy a log as of a checkpoint, with "
	    "sums, and verify the copy.", "okse audit archive --key log.vkey "
	    "/tmp/okse/log archive-2026-11", audit_archive_options,
	    audit_archive },
	{ "audit prune", "ARCHIVE", "Remove entries from the published log "
	    "that an archive keeps.", "okse audit prune --dir /tmp/okse "
	    "--key log.vkey archive-2026-11", audit_prune_options,
	    audit_prune },
	{ "audit fingerprint", "NOTE [TEXT]", "A checkpoint as it is written "
	    "on paper, or compared with paper.",
	    "okse audit fingerprint /tmp/okse/log/checkpoint", NULL,
	    audit_fingerprint },
	{ "audit witness", "DIR", "Cosign other parties' logs (tlog-witness).",
	    "okse audit witness --listen 127.0.0.1:7380 /var/lib/witness",
	    witness_options, audit_witness },
	{ "audit trace", "[FILE]", "A credential back to its log entry and "
	    "its CA.", "okse audit trace --log /tmp/okse/log "
	    "--ca /tmp/okse/ca credential.txt", trace_options, audit_trace },
	{ 0 },
};

int
main(int argc, char *argv[])
{
	const struct command *misused = NULL;
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (crypto_init() != ERR_OK)
		return complain_err("start", ERR_CRYPTO);
	status = command_run(table, argc, argv, &misused);
	/* their 1 and 2 say what was found in a log */
	if (misused != NULL && (misused->run == audit_verify ||
	    misused->run == audit_diff ||
	    misused->run == audit_archive))
		return EXIT_AWAY;
	return status;
}
