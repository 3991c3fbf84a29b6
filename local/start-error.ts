/**
 * Why the local server cannot start, in words that whoever started it can act on: `main.ts` prints the message alone.
 * Anything else that is thrown is a fault of the server itself.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
}
