/*
 * Statements that only look, beside those of registry_sql.h and under the
 * same rules. A CHECK_ counts the rows that break a promise. Those of single
 * columns are the schema's own: SQLite does not try them on a file that it
 * may not write.
 */
#ifndef OKSE_SIGNER_NOTARY_REGISTRY_INSPECT_SQL_H
#define OKSE_SIGNER_NOTARY_REGISTRY_INSPECT_SQL_H

#define REGISTRY_INSPECTION(X)                                                \
	X(STATS_DEVICE, device, SCAN,                                         \
	    "SELECT programme, state, count(*), min(issued_at),"              \
	    " max(issued_at) FROM device GROUP BY programme, state"           \
	    " ORDER BY programme, state")                                     \
	X(STATS_KEY, device_key, SCAN, "SELECT count(*) FROM device_key")     \
	X(STATS_QR, qr, SCAN,                                                 \
	    "SELECT count(*), count(redeemed_at), min(issued_at),"            \
	    " max(issued_at) FROM qr")                                        \
	X(STATS_NONCE, nonce, SCAN, "SELECT count(*) FROM nonce")             \
	X(STATS_QUOTA, quota, SCAN, "SELECT count(*) FROM quota")             \
	X(STATS_IDEM, idem, SCAN,                                             \
	    "SELECT count(*), min(issued_at), max(issued_at) FROM idem")      \
	X(STATS_ORPHAN, orphan, SCAN,                                         \
	    "SELECT count(*), count(*) - count(closed) FROM orphan")          \
	X(STATS_LIST, status_list, SCAN,                                      \
	    "SELECT list, size, next FROM status_list ORDER BY list")         \
	X(STATS_USE, status_use, SCAN,                                        \
	    "SELECT list, count(*), count(CASE WHEN value = 1 THEN 1 END),"   \
	    " count(CASE WHEN value = 2 THEN 1 END) FROM status_use"          \
	    " GROUP BY list ORDER BY list")                                   \
	X(CHECK_ENTRIES, entry, SCAN,                                         \
	    "SELECT coalesce(max(log_index) + 1, 0) - count(*) FROM entry"    \
	    " WHERE node = ?1")                                               \
	X(CHECK_DEVICES, device, SCAN,                                        \
	    "SELECT count(*) FROM (SELECT 1 AS one FROM device"               \
	    " WHERE state IN (1, 3) GROUP BY holder, programme"               \
	    " HAVING count(*) > 1) AS doubles")                               \
	X(CHECK_STATES, device, SCAN,                                         \
	    "SELECT count(*) FROM device WHERE state NOT BETWEEN 1 AND 5"     \
	    " OR length(holder) <> 16 OR length(device) <> 16"                \
	    " OR length(serial) <> 16 OR changed_at < issued_at")             \
	X(CHECK_KEYS, device_key, SCAN,                                       \
	    "SELECT count(*) FROM device_key WHERE length(key) <> 16"         \
	    " OR length(holder) <> 16")                                       \
	X(CHECK_QR, qr, SCAN,                                                 \
	    "SELECT count(*) FROM qr WHERE redeemed_at < issued_at"           \
	    " OR expires_at < issued_at OR length(cti) <> 16"                 \
	    " OR length(holder) <> 16")                                       \
	X(CHECK_IDEM, idem, SCAN,                                             \
	    "SELECT count(*) FROM idem WHERE node = ?1 AND (log_index >= ?2"  \
	    " OR length(id) <> 16 OR length(fingerprint) <> 16"               \
	    " OR length(seed) <> 16 OR length(drafts) % 32 <> 0)")            \
	X(CHECK_ORPHANS, orphan, SCAN,                                        \
	    "SELECT count(*) FROM orphan o WHERE noted <= log_index"          \
	    " OR log_index < 0 OR closed <= noted OR coalesce(closed, noted)" \
	    " > (SELECT coalesce(max(e.log_index), -1) FROM entry e"          \
	    " WHERE e.node = o.node)")                                        \
	X(CHECK_USES, status_use, SCAN,                                       \
	    "SELECT count(*) FROM (SELECT first, count, value, serial,"       \
	    " lag(first + count) OVER (PARTITION BY list ORDER BY first)"     \
	    " AS before FROM status_use) AS u WHERE before > first"           \
	    " OR first < 0 OR count < 1 OR value NOT IN (0, 1, 2)"            \
	    " OR length(serial) <> 16")                                       \
	X(CHECK_LISTS, status_list, SCAN,                                     \
	    "SELECT count(*) FROM status_list l WHERE next <"                 \
	    " (SELECT coalesce(max(u.first + u.count), 0) FROM status_use u"  \
	    " WHERE u.list = l.list) OR next > size OR list < 1")             \
	X(CHECK_ORPHANED_USES, status_use, SCAN,                              \
	    "SELECT count(*) FROM status_use u WHERE NOT EXISTS"              \
	    " (SELECT 1 FROM status_list l WHERE l.list = u.list)")

#endif
