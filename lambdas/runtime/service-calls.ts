/**
 * How the clients of DynamoDB, SQS and Secrets Manager call: what does not answer is given up, so that it counts as a
 * fault of the service. Without that (the SDK waits for ever) a call that hangs is ended by Lambda together with its
 * worker, which counts as a death. In ms; three attempts end well within a worker's 12 s.
 */
export const SERVICE_CALLS = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true },
};
