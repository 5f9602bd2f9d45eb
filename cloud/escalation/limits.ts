/**
 * How long the functions of the escalation wait for AWS: every call ends, so that a service that hangs costs a page
 * seconds and not the run. The notifier makes four calls one after the other, which have to end within its 50 s.
 *
 * A timeout of a request only warns unless `throwOnRequestTimeout` is set; the one of the socket is for an answer that
 * stops half-way, and is all that older versions of the SDK know.
 */
export const LIMITS = {
  maxAttempts: 3,
  requestHandler: {
    connectionTimeout: 2_000,
    requestTimeout: 3_000,
    socketTimeout: 3_000,
    throwOnRequestTimeout: true,
  },
} as const;
