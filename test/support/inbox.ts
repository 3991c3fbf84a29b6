import { setTimeout as after } from 'node:timers/promises';

/** How long is waited for what must come. Generous: it is only spent where a test fails. */
export const PATIENCE_MS = 50_000;

/** Something that comes to a client. */
export type Item = Readonly<Record<string, unknown>>;

/** Fields that an item must have, with these values; or a test of it. */
type Wanted<T extends Item> = Item | ((item: T) => boolean);

/** What has come to a client, in order, and ways to wait for what is to come. */
export interface Inbox<T extends Item> {
  readonly items: readonly T[];
  /** Takes what came together. */
  add(...items: readonly T[]): void;
  /** Says that nothing comes any more, and why. */
  end(why: string): void;
  /**
   * The first item that is as wanted and was not answered by `next` before, whether it has come or is to come. Throws,
   * with all that came, where it does not come in time or the end comes before.
   */
  next(wanted: Wanted<T>): Promise<T>;
  /**
   * Resolves when `reached` holds, which is tried whenever something comes. Throws like `next`; `what` says what is waited
   * for, and `patienceMs` for how long.
   */
  until(reached: () => boolean, what: string, patienceMs?: number): Promise<void>;
}

/** An inbox with nothing in it. */
export function openInbox<T extends Item>(): Inbox<T> {
  const items: T[] = [];
  const taken = new Set<T>();
  const waiting = new Set<() => void>();
  let ended: string | undefined;

  async function until(reached: () => boolean, what: string, patienceMs = PATIENCE_MS): Promise<void> {
    if (reached()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) =>
      reject(new Error([`waited for ${what}: ${why}; what came:`, ...listed(items)].join('\n  ')));
    const look = () => {
      try {
        if (reached()) resolve();
        else if (ended !== undefined) fail(ended);
      } catch (error) {
        reject(error);
      }
    };
    const patience = new AbortController();
    waiting.add(look);
    look();
    after(patienceMs, undefined, { signal: patience.signal }).then(
      () => fail(`not within ${patienceMs} ms`),
      () => {}, // it came
    );
    try {
      await promise;
    } finally {
      waiting.delete(look);
      patience.abort();
    }
  }

  return {
    items,
    add(...more) {
      items.push(...more);
      for (const look of waiting) look();
    },
    end(why) {
      ended = why;
      for (const look of waiting) look();
    },
    async next(wanted) {
      const isWanted = typeof wanted === 'function' ? wanted : (item: T) => hasFields(item, wanted);
      const find = () => items.find((item) => !taken.has(item) && isWanted(item));
      await until(() => find() !== undefined, typeof wanted === 'function' ? String(wanted) : JSON.stringify(wanted));
      const found = find();
      if (found === undefined) throw new Error('two waited for the same');
      taken.add(found);
      return found;
    },
    until,
  };
}

function hasFields(item: Item, wanted: Item): boolean {
  return Object.entries(wanted).every(([name, value]) => JSON.stringify(item[name]) === JSON.stringify(value));
}

/** The newest of them, cut where they are long. */
function listed(items: readonly Item[]): string[] {
  const newest = items.slice(-30).map((item) => JSON.stringify(item).slice(0, 200));
  return items.length > newest.length ? [`(${items.length - newest.length} before)`, ...newest] : newest;
}
