/*
 * Inside the registry: every statement, and what its files share. Included by
 * registry*.c alone. The rules of statements are in engine.h.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_SQL_H
#define OKSE_SIGNER_NOTARY_REGISTRY_SQL_H

#include "signer/notary/engine.h"
#include "signer/notary/registry.h"
#include "signer/notary/registry_inspect_sql.h"

/* X(name, table, kind, sql); device states are those of registry.h. */
#define REGISTRY_STATEMENTS(X)                                                \
	X(DEVICE_FIND, device, READ,                                          \
	    "SELECT device, serial, state, issued_at, administrative_expiry," \
	    " refreshed_at, changed_at"                                       \
	    " FROM device WHERE holder = ?1 AND programme = ?2"               \
	    " AND state IN (1, 3)")                                           \
	X(DEVICES_PAST, device, READ,                                         \
	    "SELECT device, serial, state, issued_at, administrative_expiry," \
	    " refreshed_at, changed_at"                                       \
	    " FROM device WHERE holder = ?1 AND programme = ?2"               \
	    " AND state NOT IN (1, 3)")                                       \
	X(DEVICE_PAST, device, READ,                                          \
	    "SELECT device, serial, state, issued_at, administrative_expiry," \
	    " refreshed_at, changed_at"                                       \
	    " FROM device WHERE holder = ?1 AND programme = ?2"               \
	    " AND state NOT IN (1, 3) AND substr(serial, 1, 4) = ?3")         \
	X(DEVICES_OF, device, SCAN,                                           \
	    "SELECT device, serial, state, issued_at, administrative_expiry," \
	    " refreshed_at, changed_at"                                       \
	    " FROM device WHERE holder = ?1 AND programme = ?2"               \
	    " AND state IN (1, 3) UNION ALL"                                  \
	    " SELECT device, serial, state, issued_at, administrative_expiry,"\
	    " refreshed_at, changed_at"                                       \
	    " FROM device WHERE holder = ?1 AND programme = ?2"               \
	    " AND state NOT IN (1, 3) ORDER BY 2 DESC LIMIT ?3")              \
	X(DEVICE_RESERVE, device, WRITE,                                      \
	    "INSERT INTO device (holder, programme, device, serial, state,"   \
	    " issued_at, administrative_expiry)"                              \
	    " VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6) ON CONFLICT DO NOTHING")     \
	X(DEVICE_CHANGE, device, NOW,                                         \
	    "UPDATE device SET state = ?5, changed_at = ?6"                   \
	    " WHERE holder = ?1 AND programme = ?2 AND device = ?3"           \
	    " AND state IN (1, 3) AND state = ?4")                            \
	X(DEVICE_PUT, device, WRITE,                                          \
	    "INSERT INTO device (holder, programme, serial, device, state,"   \
	    " issued_at, administrative_expiry, refreshed_at, changed_at)"    \
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"                    \
	    " ON CONFLICT DO NOTHING")                                        \
	X(DEVICE_AMEND, device, WRITE,                                        \
	    "UPDATE device SET device = ?4, state = ?5, issued_at = ?6,"      \
	    " administrative_expiry = ?7, refreshed_at = ?8, changed_at = ?9" \
	    " WHERE holder = ?1 AND programme = ?2 AND serial = ?3"           \
	    " AND state IN (1, 3)")                                           \
	X(DEVICE_AMEND_PAST, device, WRITE,                                   \
	    "UPDATE device SET device = ?4, state = ?5, issued_at = ?6,"      \
	    " administrative_expiry = ?7, refreshed_at = ?8, changed_at = ?9" \
	    " WHERE holder = ?1 AND programme = ?2 AND serial = ?3"           \
	    " AND state NOT IN (1, 3)")                                       \
	X(DEVICE_REFRESH, device, WRITE,                                      \
	    "UPDATE device SET refreshed_at = ?4"                             \
	    " WHERE holder = ?1 AND programme = ?2 AND device = ?3"           \
	    " AND state IN (1, 3) AND state = 1")                             \
	X(KEY_FIND, device_key, READ,                                         \
	    "SELECT holder FROM device_key WHERE key = ?1")                   \
	X(KEY_BIND, device_key, WRITE,                                        \
	    "INSERT INTO device_key (key, holder) VALUES (?1, ?2)"            \
	    " ON CONFLICT (key) DO UPDATE SET holder = excluded.holder"       \
	    " WHERE device_key.holder = excluded.holder")                     \
	X(QR_MINT, qr, WRITE,                                                 \
	    "INSERT INTO qr (cti, holder, programme, purpose, centre,"        \
	    " issued_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"     \
	    " ON CONFLICT DO NOTHING")                                        \
	X(QR_FIND, qr, READ,                                                  \
	    "SELECT holder, programme, purpose, centre, issued_at,"           \
	    " expires_at, redeemed_at FROM qr WHERE cti = ?1")                \
	X(QR_REDEEM, qr, WRITE,                                               \
	    "UPDATE qr SET redeemed_at = ?2"                                  \
	    " WHERE cti = ?1 AND redeemed_at IS NULL")                        \
	X(QR_RESTORE, qr, WRITE,                                              \
	    "INSERT INTO qr (cti, holder, programme, purpose, centre,"        \
	    " issued_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"     \
	    " ON CONFLICT (cti) DO UPDATE SET purpose = excluded.purpose,"    \
	    " centre = excluded.centre, issued_at = excluded.issued_at,"      \
	    " expires_at = excluded.expires_at")                              \
	X(QR_RESTORE_USED, qr, WRITE,                                         \
	    "INSERT INTO qr (cti, holder, programme, purpose, centre,"        \
	    " issued_at, expires_at, redeemed_at)"                            \
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (cti)"      \
	    " DO UPDATE SET redeemed_at = excluded.redeemed_at")              \
	X(NONCE_FIND, nonce, READ,                                            \
	    "SELECT 1 FROM nonce WHERE random = ?1 AND expires_at = ?2")      \
	X(NONCE_USE, nonce, WRITE,                                            \
	    "INSERT INTO nonce (random, expires_at) VALUES (?1, ?2)"          \
	    " ON CONFLICT DO NOTHING")                                        \
	X(QUOTA_FIND, quota, READ, "SELECT used FROM quota WHERE id = ?1")    \
	X(QUOTA_TAKE, quota, WRITE,                                           \
	    "INSERT INTO quota (id, used) VALUES (?1, 1)"                     \
	    " ON CONFLICT (id) DO UPDATE SET used = quota.used + 1"           \
	    " WHERE quota.used < ?2")                                         \
	X(STATUS_OPEN, status_list, SCAN,                                     \
	    "SELECT list, size, next FROM status_list"                        \
	    " ORDER BY list DESC LIMIT 1")                                    \
	X(STATUS_NEW, status_list, NOW,                                       \
	    "INSERT INTO status_list (list, size, next, opened_at)"           \
	    " VALUES (?1, ?2, 0, ?3) ON CONFLICT DO NOTHING")                 \
	X(STATUS_BLOCK, status_list, NOW,                                     \
	    "UPDATE status_list SET next = ?3 WHERE list = ?1 AND next = ?2") \
	X(STATUS_LISTS, status_list, SCAN,                                    \
	    "SELECT list, size, next, opened_at, (SELECT version FROM"        \
	    " status_version v WHERE v.list = l.list) FROM status_list l"     \
	    " WHERE list >= ?1 ORDER BY list LIMIT 1")                        \
	X(STATUS_USE, status_use, WRITE,                                      \
	    "INSERT INTO status_use (list, first, count, serial, value,"      \
	    " expires_at) VALUES (?1, ?2, ?3, ?4, 0, ?5)"                     \
	    " ON CONFLICT DO NOTHING")                                        \
	X(STATUS_OF, status_use, SCAN,                                        \
	    "SELECT list, first, count FROM status_use"                       \
	    " WHERE serial = ?1 AND value NOT IN (1, ?2)"                     \
	    " ORDER BY list, first")                                          \
	X(STATUS_USES_OF, status_use, SCAN,                                   \
	    "SELECT list, first, count, value, expires_at FROM status_use"    \
	    " WHERE serial = ?1 ORDER BY list DESC, first DESC LIMIT ?2")     \
	X(STATUS_SET, status_use, WRITE,                                      \
	    "UPDATE status_use SET value = ?3"                                \
	    " WHERE list = ?1 AND first = ?2")                                \
	X(STATUS_BUMP, status_version, WRITE,                                 \
	    "INSERT INTO status_version (list, version) VALUES (?1, 1)"       \
	    " ON CONFLICT (list) DO UPDATE"                                   \
	    " SET version = status_version.version + 1")                      \
	X(STATUS_CHANGED, status_use, SCAN,                                   \
	    "SELECT first, count, value FROM status_use"                      \
	    " WHERE list = ?1 AND first >= ?2 AND value <> 0"                 \
	    " ORDER BY first LIMIT ?3")                                       \
	X(STATUS_ANY, status_use, SCAN,                                       \
	    "SELECT 1 FROM status_use WHERE list = ?1 LIMIT 1")               \
	X(IDEM_FIND, idem, READ,                                              \
	    "SELECT node, log_index, fingerprint, seed, issued_at,"           \
	    " valid_from, administrative_expiry, technical_expiry,"           \
	    " status_list, status_first, drafts FROM idem WHERE id = ?1")     \
	X(IDEM_PUT, idem, WRITE,                                              \
	    "INSERT INTO idem (id, node, log_index, fingerprint, seed,"       \
	    " issued_at, valid_from, administrative_expiry,"                  \
	    " technical_expiry, status_list, status_first, drafts)"           \
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"     \
	    " ON CONFLICT DO NOTHING")                                        \
	X(ENTRY_PUT, entry, WRITE,                                            \
	    "INSERT INTO entry (log_index, node, bytes) VALUES (?1, ?2, ?3)"  \
	    " ON CONFLICT DO NOTHING")                                        \
	X(ENTRY_GET, entry, READ,                                             \
	    "SELECT bytes FROM entry WHERE log_index = ?1 AND node = ?2")     \
	X(ENTRY_RUN, entry, SCAN,                                             \
	    "SELECT log_index, bytes FROM entry"                              \
	    " WHERE log_index >= ?1 AND node = ?2"                            \
	    " ORDER BY log_index LIMIT ?3")                                   \
	X(ENTRY_LAST, entry, SCAN,                                            \
	    "SELECT log_index FROM entry WHERE node = ?1"                     \
	    " ORDER BY log_index DESC LIMIT 1")                               \
	X(ORPHAN_PUT, orphan, WRITE,                                          \
	    "INSERT INTO orphan (log_index, node, noted) VALUES (?1, ?2, ?3)" \
	    " ON CONFLICT DO NOTHING")                                        \
	X(ORPHAN_CLOSE, orphan, NOW,                                          \
	    "UPDATE orphan SET closed = ?3"                                   \
	    " WHERE log_index = ?1 AND node = ?2 AND closed IS NULL")         \
	X(ORPHAN_FIND, orphan, READ,                                          \
	    "SELECT noted, closed FROM orphan"                                \
	    " WHERE log_index = ?1 AND node = ?2")                            \
	X(ORPHANS_OPEN, orphan, SCAN,                                         \
	    "SELECT log_index, noted FROM orphan WHERE log_index >= ?1"       \
	    " AND node = ?2 AND closed IS NULL ORDER BY log_index LIMIT ?3")  \
	X(ORPHANS_COUNT, orphan, SCAN,                                        \
	    "SELECT count(*) FROM orphan WHERE node = ?1"                     \
	    " AND closed IS NULL")                                            \
	X(META_GET, meta, READ,                                               \
	    "SELECT value FROM meta WHERE name = ?1 AND node = ?2")           \
	X(META_PUT, meta, WRITE,                                              \
	    "INSERT INTO meta (name, node, value) VALUES (?1, ?2, ?3)"        \
	    " ON CONFLICT (name, node) DO UPDATE SET value = excluded.value") \
	X(META_SWAP, meta, WRITE,                                             \
	    "UPDATE meta SET value = ?3"                                      \
	    " WHERE name = ?1 AND node = ?2 AND value = ?4")                  \
	X(META_EACH, meta, SCAN,                                              \
	    "SELECT node, value FROM meta WHERE name = ?1 ORDER BY node")     \
	X(NODES, node, SCAN,                                                  \
	    "SELECT node, origin, log_key, qr_certificate, joined_at,"        \
	    " retired_at FROM node WHERE node >= ?1 ORDER BY node")           \
	X(NODE_JOIN, node, NOW,                                               \
	    "INSERT INTO node (node, origin, log_key, qr_certificate,"        \
	    " joined_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING") \
	X(NODE_RETIRE, node, NOW,                                             \
	    "UPDATE node SET retired_at = ?2"                                 \
	    " WHERE node = ?1 AND retired_at IS NULL")                        \
	X(NODE_KEY, node, NOW,                                                \
	    "UPDATE node SET log_key = ?2 WHERE node = ?1")                   \
	X(NODE_QR, node, NOW,                                                 \
	    "UPDATE node SET qr_certificate = ?2 WHERE node = ?1")            \
	/* the oldest ?2 rows at most: a range of the key's index */          \
	X(FORGET_NONCES, nonce, SWEEP,                                        \
	    "DELETE FROM nonce WHERE expires_at < ?1"                         \
	    " AND (expires_at, random) <= (SELECT expires_at, random FROM"    \
	    " (SELECT expires_at, random FROM nonce WHERE expires_at < ?1"    \
	    " ORDER BY expires_at, random LIMIT ?2) o"                        \
	    " ORDER BY expires_at DESC, random DESC LIMIT 1)")                \
	X(FORGET_QR, qr, SWEEP,                                               \
	    "DELETE FROM qr WHERE cti < ?1 AND cti <= (SELECT cti FROM"       \
	    " (SELECT cti FROM qr WHERE cti < ?1 ORDER BY cti LIMIT ?2) o"    \
	    " ORDER BY cti DESC LIMIT 1)")                                    \
	X(FORGET_QUOTA, quota, SWEEP,                                         \
	    "DELETE FROM quota WHERE id < ?1 AND id <= (SELECT id FROM"       \
	    " (SELECT id FROM quota WHERE id < ?1 ORDER BY id LIMIT ?2) o"    \
	    " ORDER BY id DESC LIMIT 1)")                                     \
	X(FORGET_IDEM, idem, SWEEP,                                           \
	    "DELETE FROM idem WHERE issued_at < ?1 AND node = ?3"             \
	    " AND log_index <= (SELECT log_index FROM"                        \
	    " (SELECT log_index FROM idem WHERE node = ?3"                    \
	    " ORDER BY log_index LIMIT ?2) o"                                 \
	    " ORDER BY log_index DESC LIMIT 1)")                              \
	X(FORGET_USES, status_use, SWEEP,                                     \
	    "DELETE FROM status_use WHERE expires_at < ?1"                    \
	    " AND (list, first) <= (SELECT list, first FROM"                  \
	    " (SELECT list, first FROM status_use"                            \
	    " ORDER BY list, first LIMIT ?2) o"                               \
	    " ORDER BY list DESC, first DESC LIMIT 1)")

enum registry_statement {
#define X(name, table, kind, sql) name,
	REGISTRY_STATEMENTS(X)
	REGISTRY_INSPECTION(X)
#undef X
};

/* The counters of a status list that this process may still give out. */
struct status_block {
	int64_t	list, size;	/* list 0: none */
	int64_t	next, end;
};

/* Entries read ahead: what reads one after another asks for many at once. */
struct entry_run {
	int64_t		node;		/* whose log they are of */
	uint64_t	from;
	size_t		count;
	struct bytes	blocks;
	size_t		at[256];	/* of blocks */
};

/* Values that were given, for registry_status_next(). */
struct status_changes {
	struct registry_change	*at;
	size_t			 room;
	size_t			 told, durable, staged;	/* how many */
	size_t			 marked;		/* of staged */
};

struct registry {
	struct engine		*engine;
	int64_t			 node;		/* whose log it is */
	struct bytes		 entry;		/* of registry_entry_get() */
	uint64_t		 entry_next;	/* asked for just before */
	struct entry_run	 run;
	struct status_block	 block, marked;
	struct status_changes	 changes;
};

struct query registry_query(struct registry *r, enum registry_statement s);
void put_handle(struct query *q, const struct handle *h);
void get_handle(struct query *q, struct handle *out);
void put_time(struct query *q, int64_t t);	/* TIME_NONE is NULL */
int64_t get_time(struct query *q);

#endif
