/*
 * Every table of the registry. One text for both engines: what differs are
 * the names of types and what SQLite says of clustering. Next: registry.c.
 */
#include "signer/notary/registry_schema.h"

#include "base/mem.h"

/*
 * Version 2.
 *
 * Keys that are random have an index beside the rows; keys that begin with a
 * time or are counted are clustered (WITHOUT ROWID), so that new rows lie
 * together and old ones are removed from the other end. Instants are seconds
 * since 1970, NULL for none. A handle is 16 bytes that say nothing.
 *
 * In a fleet each node has its own log, so what belongs to a log has a node.
 * A database of SQLite has one, of number 1.
 */
#define SCHEMA_2(BYTES, INT, COUNTED, IN_LOG, LOG_KEY, CLUSTERED, ROWS)       \
    "CREATE TABLE node ("                                                     \
    "  node " INT " PRIMARY KEY,"                                             \
    "  origin TEXT NOT NULL UNIQUE,"                                          \
    "  log_key TEXT NOT NULL,"		/* its vkey */                        \
    "  qr_certificate " BYTES " NOT NULL,"	/* DER, blocks */         \
    "  joined_at " INT " NOT NULL,"                                           \
    "  retired_at " INT                                                       \
    ")" ROWS ";"                                                              \
                                                                              \
    /*                                                                        \
     * A device of a holder in a programme, from its reservation on.          \
     * state: 1 active, 2 replaced, 3 suspended, 4 revoked, 5 expired.        \
     * serial names this binding; it begins with its time.                    \
     */                                                                       \
    "CREATE TABLE device ("                                                   \
    "  id " COUNTED ","                                                       \
    "  holder " BYTES " NOT NULL CHECK (length(holder) = 16),"                \
    "  programme TEXT NOT NULL,"                                              \
    "  device " BYTES " NOT NULL CHECK (length(device) = 16),"                \
    "  serial " BYTES " NOT NULL CHECK (length(serial) = 16),"                \
    "  state " INT " NOT NULL CHECK (state BETWEEN 1 AND 5),"                 \
    "  issued_at " INT " NOT NULL,"                                           \
    "  administrative_expiry " INT ","                                        \
    "  refreshed_at " INT ","                                                 \
    "  changed_at " INT		/* of the state */                            \
    ")" ROWS ";"                                                              \
    /* the promise itself: a second one cannot be written */                  \
    "CREATE UNIQUE INDEX one_device ON device (holder, programme)"            \
    "  WHERE state IN (1, 3);"                                                \
    "CREATE INDEX past_devices ON device (holder, programme)"                 \
    "  WHERE state NOT IN (1, 3);"                                            \
                                                                              \
    "CREATE TABLE device_key ("                                               \
    "  key " BYTES " PRIMARY KEY CHECK (length(key) = 16),"                   \
    "  holder " BYTES " NOT NULL CHECK (length(holder) = 16)"                 \
    ")" CLUSTERED ";"                                                         \
                                                                              \
    /* cti begins with its time of issue */                                   \
    "CREATE TABLE qr ("                                                       \
    "  cti " BYTES " PRIMARY KEY CHECK (length(cti) = 16),"                   \
    "  holder " BYTES " NOT NULL CHECK (length(holder) = 16),"                \
    "  programme TEXT NOT NULL,"                                              \
    "  purpose " INT " NOT NULL,"                                             \
    "  centre TEXT NOT NULL,"                                                 \
    "  issued_at " INT " NOT NULL,"                                           \
    "  expires_at " INT " NOT NULL,"                                          \
    "  redeemed_at " INT                                                      \
    ")" CLUSTERED ";"                                                         \
                                                                              \
    "CREATE TABLE nonce ("                                                    \
    "  expires_at " INT " NOT NULL,"                                          \
    "  random " BYTES " NOT NULL CHECK (length(random) = 16),"                \
    "  PRIMARY KEY (expires_at, random)"                                      \
    ")" CLUSTERED ";"                                                         \
                                                                              \
    /* how often in a window; id begins with the window's end */              \
    "CREATE TABLE quota ("                                                    \
    "  id " BYTES " PRIMARY KEY CHECK (length(id) = 16),"                     \
    "  used " INT " NOT NULL CHECK (used > 0)"                                \
    ")" CLUSTERED ";"                                                         \
                                                                              \
    /* counters below next are given to nodes; version: of its content */     \
    "CREATE TABLE status_list ("                                              \
    "  list " INT " PRIMARY KEY CHECK (list > 0),"                            \
    "  size " INT " NOT NULL CHECK (size > 0),"                               \
    "  next " INT " NOT NULL CHECK (next BETWEEN 0 AND size),"                \
    "  opened_at " INT " NOT NULL"                                            \
    ")" ROWS ";"                                                              \
    "CREATE TABLE status_version ("                                           \
    "  list " INT " PRIMARY KEY,"                                             \
    "  version " INT " NOT NULL"                                              \
    ")" ROWS ";"                                                              \
                                                                              \
    /*                                                                        \
     * One issue takes count counters of a list. serial: of the device.       \
     * value: 0 valid, 1 invalid (for ever), 2 suspended.                     \
     */                                                                       \
    "CREATE TABLE status_use ("                                               \
    "  list " INT " NOT NULL,"                                                \
    "  first " INT " NOT NULL CHECK (first >= 0),"                            \
    "  count " INT " NOT NULL CHECK (count > 0),"                             \
    "  serial " BYTES " NOT NULL CHECK (length(serial) = 16),"                \
    "  value " INT " NOT NULL CHECK (value IN (0, 1, 2)),"                    \
    "  expires_at " INT " NOT NULL,"                                          \
    "  PRIMARY KEY (list, first)"                                             \
    ")" CLUSTERED ";"                                                         \
    "CREATE INDEX status_of_device ON status_use (serial);"                   \
    "CREATE INDEX status_changed ON status_use (list, first)"                 \
    "  WHERE value <> 0;"                                                     \
                                                                              \
    /* what a retry needs; terms are those of struct grant_terms */           \
    "CREATE TABLE idem ("                                                     \
    "  log_index " IN_LOG ","                                                 \
    "  id " BYTES " NOT NULL UNIQUE CHECK (length(id) = 16),"                 \
    "  fingerprint " BYTES " NOT NULL CHECK (length(fingerprint) = 16),"      \
    "  seed " BYTES " NOT NULL CHECK (length(seed) = 16),"                    \
    "  issued_at " INT " NOT NULL,"                                           \
    "  valid_from " INT " NOT NULL,"                                          \
    "  administrative_expiry " INT ","                                        \
    "  technical_expiry " INT " NOT NULL,"                                    \
    "  status_list " INT ","		/* NULL: no status */                 \
    "  status_first " INT ","                                                 \
    /* of each draft its hash, then of each its signer */                     \
    "  drafts " BYTES " NOT NULL CHECK (length(drafts) % 64 = 0)"             \
    LOG_KEY ")" ROWS ";"                                                      \
                                                                              \
    "CREATE TABLE entry ("                                                    \
    "  log_index " IN_LOG ","                                                 \
    "  bytes " BYTES " NOT NULL"                                              \
    LOG_KEY ")" ROWS ";"                                                      \
                                                                              \
    "CREATE TABLE meta ("                                                     \
    "  name TEXT NOT NULL,"                                                   \
    "  node " INT " NOT NULL,"                                                \
    "  value " BYTES " NOT NULL,"                                             \
    "  PRIMARY KEY (name, node)"                                              \
    ")" CLUSTERED ";"

/* SQLite's entries are found by the number of their row alone. */
#define SQLITE_2                                                              \
	SCHEMA_2("BLOB", "INTEGER", "INTEGER PRIMARY KEY",                    \
	    "INTEGER PRIMARY KEY, node INTEGER NOT NULL CHECK (node = 1)",    \
	    "", " STRICT, WITHOUT ROWID", " STRICT")
#define POSTGRES_2                                                            \
	SCHEMA_2("BYTEA", "BIGINT",                                           \
	    "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",                \
	    "BIGINT NOT NULL, node BIGINT NOT NULL REFERENCES node",          \
	    ", PRIMARY KEY (node, log_index)", "", "")

/* SQLite has no other way to a byte of a number. */
#define EVERY_BYTE "x'" \
    "000102030405060708090A0B0C0D0E0F101112131415161718191A1B" \
    "1C1D1E1F202122232425262728292A2B2C2D2E2F3031323334353637" \
    "38393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F50515253" \
    "5455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F" \
    "707172737475767778797A7B7C7D7E7F808182838485868788898A8B" \
    "8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7" \
    "A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3" \
    "C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF" \
    "E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFB" \
    "FCFDFEFF" "'"
#define BYTE(shift)                                                           \
    "substr(" EVERY_BYTE ", (issued_at >> " #shift " & 255) + 1, 1)"

/*
 * Version 3 remembers which tickets a crash left without an outcome. Of those
 * before it the log knows: without its mark, the next start reads all of it.
 * noted and closed are the entries that say so; closed is NULL while it is
 * open.
 */
#define SCHEMA_3(INT, NODE, CLUSTERED)                                        \
    "CREATE TABLE orphan ("                                                   \
    "  log_index " INT " NOT NULL CHECK (log_index >= 0),"                    \
    "  node " INT " NOT NULL " NODE ","                                       \
    "  noted " INT " NOT NULL CHECK (noted > log_index),"                     \
    "  closed " INT " CHECK (closed > noted),"                                \
    "  PRIMARY KEY (node, log_index)"                                         \
    ")" CLUSTERED ";"                                                         \
    "CREATE INDEX open_orphans ON orphan (node, log_index)"                   \
    "  WHERE closed IS NULL;"                                                 \
    "DELETE FROM meta WHERE name = 'reported';"

#define SQLITE_3                                                              \
	SCHEMA_3("INTEGER", "CHECK (node = 1)", " STRICT, WITHOUT ROWID")
#define POSTGRES_3 SCHEMA_3("BIGINT", "REFERENCES node", "")

/* Version 1 had one node, two states of a device, and no status. */
#define SQLITE_FROM_1                                                         \
	"DROP INDEX one_active_device;"                                       \
	"ALTER TABLE device RENAME TO device_1;"                              \
	"ALTER TABLE device_key RENAME TO device_key_1;"                      \
	"ALTER TABLE qr RENAME TO qr_1;"                                      \
	"ALTER TABLE nonce RENAME TO nonce_1;"                                \
	"ALTER TABLE idem RENAME TO idem_1;"                                  \
	"ALTER TABLE entry RENAME TO entry_1;"                                \
	"ALTER TABLE meta RENAME TO meta_1;"                                  \
	SQLITE_2                                                              \
	"INSERT INTO device (id, holder, programme, device, serial, state,"   \
	"  issued_at, administrative_expiry, refreshed_at)"                   \
	"  SELECT id, holder, programme, device, CAST(" BYTE(24) " || "       \
	BYTE(16) " || " BYTE(8) " || " BYTE(0) " || randomblob(12) AS BLOB)," \
	"  state, issued_at, administrative_expiry, refreshed_at"             \
	"  FROM device_1"                                                     \
	"  ORDER BY id;"                                                      \
	"INSERT INTO device_key SELECT * FROM device_key_1;"                  \
	"INSERT INTO qr SELECT * FROM qr_1;"                                  \
	"INSERT INTO nonce SELECT * FROM nonce_1;"                            \
	"INSERT INTO idem (log_index, node, id, fingerprint, seed, issued_at,"\
	"  valid_from, administrative_expiry, technical_expiry, drafts)"      \
	"  SELECT log_index, 1, id, fingerprint, seed, issued_at, valid_from,"\
	"  administrative_expiry, technical_expiry,"                          \
	"  CAST(drafts || zeroblob(length(drafts)) AS BLOB) FROM idem_1"      \
	"  ORDER BY log_index;"                                               \
	"INSERT INTO entry SELECT log_index, 1, bytes FROM entry_1"           \
	"  ORDER BY log_index;"                                               \
	"INSERT INTO meta SELECT name, 1, value FROM meta_1;"                 \
	"DROP TABLE device_1; DROP TABLE device_key_1; DROP TABLE qr_1;"      \
	"DROP TABLE nonce_1; DROP TABLE idem_1; DROP TABLE entry_1;"          \
	"DROP TABLE meta_1;"

static const struct migration migrations[] = {
	/* whole in one step: a first start may be cut off anywhere */
	{ 0, 3, SQLITE_2 SQLITE_3, POSTGRES_2 POSTGRES_3 },
	{ 1, 2, SQLITE_FROM_1, NULL },
	{ 2, 3, SQLITE_3, POSTGRES_3 },
};

const struct migration *
migration_from(int version)
{
	for (size_t i = 0; i < COUNT(migrations); i++)
		if (migrations[i].from == version)
			return &migrations[i];
	return NULL;
}
