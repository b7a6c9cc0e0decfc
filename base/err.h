/*
 * Every fallible function returns an enum err; outputs come last, are named
 * out…, and are untouched on failure.
 *
 * The table is the whole vocabulary: constant, HTTP status, the stable code a
 * client may learn (RFC 9457 "type" suffix), a sentence. The status is what a
 * request that fails with this error is answered with, nothing else.
 */
#ifndef OKSE_BASE_ERR_H
#define OKSE_BASE_ERR_H

#define ERR_TABLE(X)                                                          \
	X(OK, 200, "ok", "done")                                              \
	X(SYNTAX, 400, "malformed", "the input is not well formed")           \
	X(SCHEMA, 400, "schema", "the input is not of the expected shape")    \
	X(RANGE, 400, "out-of-range", "a value is outside its limits")        \
	X(UNAUTHENTICATED, 401, "unauthenticated", "the client is not known") \
	X(FORBIDDEN, 403, "not-entitled", "the client may not do this")       \
	X(REFUSED, 403, "refused", "the policy refuses")                      \
	X(NOT_FOUND, 404, "not-found", "there is no such thing")              \
	X(METHOD, 405, "method-not-allowed", "not this method here")          \
	X(NOT_ACCEPTABLE, 406, "not-acceptable", "not in any form asked for") \
	X(TIMEOUT, 408, "timeout", "it took too long")                        \
	X(EXISTS, 409, "exists", "it exists already")                         \
	X(IN_FLIGHT, 409, "in-flight", "the same request is being served")    \
	X(TOO_LARGE, 413, "too-large", "the input is larger than allowed")    \
	X(MEDIA_TYPE, 415, "media-type", "not this kind of content")          \
	X(MISMATCH, 422, "mismatch", "it differs from what it must equal")    \
	X(SIGNATURE, 422, "signature", "a signature does not verify")         \
	X(THROTTLED, 429, "throttled", "too many requests")                   \
	X(CRYPTO, 500, "crypto", "the cryptographic library failed")          \
	X(CORRUPT, 500, "corrupt", "stored data is damaged")                  \
	X(INTERNAL, 500, "internal", "a bug: an invariant does not hold")     \
	X(UNSUPPORTED, 501, "unsupported", "this is not supported")           \
	X(MEMORY, 503, "memory", "out of memory")                             \
	X(SYSTEM, 503, "system", "a system call failed")                      \
	X(FULL, 503, "full", "a limit of the service is reached")             \
	X(SEALED, 503, "sealed", "the service is sealed")                     \
	X(BEHIND, 503, "registry-behind",                                     \
	    "the registry knows less than its log has published")             \
	X(UNWITNESSED, 503, "unwitnessed",                                    \
	    "the log has been without its witnesses for too long")            \
	X(UNAVAILABLE, 503, "unavailable", "a part of the service is away")   \
	X(TOKEN, 503, "token", "the token failed")                            \
	X(PIN, 503, "pin", "the token refused the PIN")

enum err {
#define X(name, status, code, text) ERR_##name,
	ERR_TABLE(X)
#undef X
	ERR_COUNT
};

int err_status(enum err e);		/* HTTP status */
const char *err_code(enum err e);	/* stable name, "malformed" */
const char *err_text(enum err e);	/* a sentence without full stop */

/*
 * Returns e and keeps the message for err_why(): the rule broken, what was
 * wanted, what came (lengths, positions and limits, never a value that could
 * be secret or personal), and the clause. One message per process, which is
 * single-threaded; the newest wins.
 */
[[nodiscard]] enum err err_because(enum err e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* As err_because(ERR_SYSTEM, …) with ": " and strerror(errno) appended. */
[[nodiscard]] enum err err_system(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* As err_because(ERR_CRYPTO, what) with OpenSSL's newest reason appended. */
[[nodiscard]] enum err err_openssl(const char *what);

/* The message of the newest failure; "" if none. Valid until the next one. */
const char *err_why(void);

#define TRY(expr)                                                             \
	do {                                                                  \
		enum err try_err_ = (expr);                                   \
		if (try_err_ != ERR_OK)                                       \
			return try_err_;                                      \
	} while (0)

#endif
