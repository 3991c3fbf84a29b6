/**
 * Names a connection, a request or a message as API Gateway does: 15 characters and a `=`, as in `L0SM9cOFvHcCIhw=`.
 * `random` answers that many bytes.
 */
export function gatewayId(random: (bytes: number) => Uint8Array): string {
  return Buffer.from(random(11)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Whether a text could be a connection's id. API Gateway answers 400, not 410, to one that could not. */
export function isConnectionId(text: string): boolean {
  return /^[\w-]{15}=$/.test(text);
}
