import { expect } from 'vitest';
import type { Document, PlainClient } from './plain-client.ts';

/**
 * A channel's log as a client has it, each message once: what is at or below its position is a repeat and is left out.
 * Throws where something was missed, or where another message came at an offset that the client knows.
 */
export function logOf({ documents }: Pick<PlainClient, 'documents'>, channel: string): Document[] {
  const known = new Map<number, Document>();
  let position: number | undefined;
  for (const document of documents) {
    if (document.channel !== channel) continue;
    if (document.type === 'subscribed') position ??= Number(document.offset);
    if (document.type !== 'message') continue;
    const offset = Number(document.offset);
    const before = known.get(offset);
    if (before !== undefined) {
      expect(document, 'the repeat of a message').toEqual(before);
      continue;
    }
    expect(offset, `the offset after ${position} in ${channel}`).toBe((position ?? Number.NaN) + 1);
    position = offset;
    known.set(offset, document);
  }
  return [...known.values()];
}
