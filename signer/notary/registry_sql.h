/*
 * Inside the registry: every statement, and what its files share. Included by
 * registry*.c alone.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_SQL_H
#define OKSE_SIGNER_NOTARY_REGISTRY_SQL_H

#include "signer/notary/registry.h"
#include "signer/notary/sqlite.h"

#define REGISTRY_STATEMENTS(X)                                                \
	X(BEGIN, "BEGIN IMMEDIATE")                                           \
	X(COMMIT, "COMMIT")                                                   \
	X(MARK, "SAVEPOINT request")                                          \
	X(UNDO, "ROLLBACK TO request")                                        \
	X(UNMARK, "RELEASE request")                                          \
	X(DEVICE_FIND,                                                        \
	    "SELECT device, issued_at, administrative_expiry FROM device"     \
	    " WHERE holder = ? AND programme = ? AND state = 1")              \
	X(DEVICE_RESERVE,                                                     \
	    "INSERT INTO device (holder, programme, device, state, issued_at,"\
	    " administrative_expiry) VALUES (?, ?, ?, 1, ?, ?)"               \
	    " ON CONFLICT DO NOTHING")                                        \
	X(DEVICE_RETIRE,                                                      \
	    "UPDATE device SET state = 2"                                     \
	    " WHERE holder = ? AND programme = ? AND device = ?"              \
	    " AND state = 1")                                                 \
	X(DEVICE_REFRESH,                                                     \
	    "UPDATE device SET refreshed_at = ?"                              \
	    " WHERE holder = ? AND programme = ? AND device = ?"              \
	    " AND state = 1")                                                 \
	X(KEY_FIND, "SELECT holder FROM device_key WHERE key = ?")            \
	X(KEY_BIND,                                                           \
	    "INSERT INTO device_key (key, holder) VALUES (?, ?)"              \
	    " ON CONFLICT (key) DO UPDATE SET holder = excluded.holder"       \
	    " WHERE holder = excluded.holder")                                \
	X(QR_MINT,                                                            \
	    "INSERT INTO qr (cti, holder, programme, purpose, centre,"        \
	    " issued_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)"            \
	    " ON CONFLICT DO NOTHING")                                        \
	X(QR_FIND,                                                            \
	    "SELECT holder, programme, purpose, centre, issued_at,"           \
	    " expires_at, redeemed_at FROM qr WHERE cti = ?")                 \
	X(QR_REDEEM,                                                          \
	    "UPDATE qr SET redeemed_at = ?"                                   \
	    " WHERE cti = ? AND redeemed_at IS NULL")                         \
	X(NONCE_FIND,                                                         \
	    "SELECT 1 FROM nonce WHERE expires_at = ? AND random = ?")        \
	X(NONCE_USE,                                                          \
	    "INSERT INTO nonce (expires_at, random) VALUES (?, ?)"            \
	    " ON CONFLICT DO NOTHING")                                        \
	X(IDEM_FIND,                                                          \
	    "SELECT log_index, fingerprint, seed, issued_at, valid_from,"     \
	    " administrative_expiry, technical_expiry, drafts"                \
	    " FROM idem WHERE id = ?")                                        \
	X(IDEM_PUT,                                                           \
	    "INSERT INTO idem (log_index, id, fingerprint, seed, issued_at,"  \
	    " valid_from, administrative_expiry, technical_expiry, drafts)"   \
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")     \
	X(ENTRY_PUT,                                                          \
	    "INSERT INTO entry (log_index, bytes) VALUES (?, ?)"              \
	    " ON CONFLICT DO NOTHING")                                        \
	X(ENTRY_GET, "SELECT bytes FROM entry WHERE log_index = ?")           \
	X(ENTRY_COUNT, "SELECT coalesce(max(log_index) + 1, 0) FROM entry")   \
	X(META_GET, "SELECT value FROM meta WHERE name = ?")                  \
	X(META_PUT,                                                           \
	    "INSERT INTO meta (name, value) VALUES (?, ?)"                    \
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value")       \
	X(FORGET_NONCES,                                                      \
	    "DELETE FROM nonce WHERE (expires_at, random) IN"                 \
	    " (SELECT expires_at, random FROM nonce WHERE expires_at < ?"     \
	    " ORDER BY expires_at LIMIT ?)")                                  \
	X(FORGET_QR,                                                          \
	    "DELETE FROM qr WHERE cti IN"                                     \
	    " (SELECT cti FROM qr WHERE cti < ? ORDER BY cti LIMIT ?)")       \
	X(FORGET_IDEM,                                                        \
	    "DELETE FROM idem WHERE issued_at < ? AND log_index IN"           \
	    " (SELECT log_index FROM idem ORDER BY log_index LIMIT ?)")

enum registry_statement {
#define X(name, sql) name,
	REGISTRY_STATEMENTS(X)
#undef X
};

struct registry {
	struct sqlite	sqlite;
	bool		marked;		/* a savepoint is open */
	struct bytes	entry;		/* of registry_entry_get() */
};

struct query registry_query(struct registry *r, enum registry_statement s);
void put_handle(struct query *q, const struct handle *h);
void get_handle(struct query *q, struct handle *out);
void put_time(struct query *q, int64_t t);	/* TIME_NONE is NULL */
int64_t get_time(struct query *q);

#endif
