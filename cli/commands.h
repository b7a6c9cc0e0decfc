/*
 * The commands' functions, for the table in okse.c: each returns the exit
 * status. A group shares a file, and the table shows which options it asks.
 */
#ifndef OKSE_CLI_COMMANDS_H
#define OKSE_CLI_COMMANDS_H

#include "cli/command.h"

/* dev.c */
int dev(const struct arguments *a);

/* unseal.c */
int unseal(const struct arguments *a);

/* seal.c */
int seal(const struct arguments *a);
int status(const struct arguments *a);
int clear_latch(const struct arguments *a);

/* api.c */
int qr_token(const struct arguments *a);
int credential(const struct arguments *a);
int status_change(const struct arguments *a);
int decision(const struct arguments *a);

/* device.c */
int device_show(const struct arguments *a);

/* inspect.c */
int credential_inspect(const struct arguments *a);
int credential_verify(const struct arguments *a);

/* policy.c, policy_cases.c, policy_simulate.c */
int policy_check(const struct arguments *a);
int policy_test_cases(const struct arguments *a);
int policy_show(const struct arguments *a);
int policy_explain_cases(const struct arguments *a);
int policy_simulate(const struct arguments *a);

/* policy_bundle.c */
int policy_sign(const struct arguments *a);
int policy_verify_bundle(const struct arguments *a);
int policy_activate(const struct arguments *a);
int policy_shadow(const struct arguments *a);

/* registry.c, registry_verify.c, registry_repair.c, registry_copy.c */
int registry_copy_all(const struct arguments *a);
int registry_repair(const struct arguments *a);
int registry_back_up(const struct arguments *a);
int registry_verify(const struct arguments *a);
int registry_show_stats(const struct arguments *a);

/* registry_orphans.c */
int registry_orphans(const struct arguments *a);
int registry_close_orphans(const struct arguments *a);

/* registry_fleet.c */
int registry_migrate_schema(const struct arguments *a);
int registry_join_node(const struct arguments *a);
int registry_retire_node(const struct arguments *a);
int registry_confirm_node(const struct arguments *a);
int registry_show_nodes(const struct arguments *a);

/* ceremony.c */
int ceremony_check_script(const struct arguments *a);
int ceremony_print_paper(const struct arguments *a);
int ceremony_rehearse_script(const struct arguments *a);
int ceremony_run_script(const struct arguments *a);
int ceremony_resume_dir(const struct arguments *a);
int ceremony_sign_statement(const struct arguments *a);
int ceremony_report_minutes(const struct arguments *a);
int ceremony_verify_files(const struct arguments *a);

/* audit.c, audit_notes.c, trace.c */
int audit_verify(const struct arguments *a);
int audit_show(const struct arguments *a);
int audit_proof(const struct arguments *a);
int audit_check_receipt(const struct arguments *a);
int audit_diff(const struct arguments *a);
int audit_close(const struct arguments *a);
int audit_periods(const struct arguments *a);
int audit_archive(const struct arguments *a);
int audit_prune(const struct arguments *a);	/* audit_prune.c */
int audit_fingerprint(const struct arguments *a);
int audit_trace(const struct arguments *a);

/* audit_range.c */
int audit_range(const struct arguments *a);
int audit_sample(const struct arguments *a);
int audit_gaps(const struct arguments *a);

/* audit_report.c */
int audit_report(const struct arguments *a);

/* audit_replay.c */
int audit_replay(const struct arguments *a);

/* witness.c */
int audit_witness(const struct arguments *a);

#endif
