import pMap from 'p-map';
import { Unavailable } from './errors.ts';

/**
 * Does the same with many, at most `concurrency` at once, and waits for all of them, also where some fail:
 * nothing may be under way any more when a batch is given back.
 *
 * Then throws the first failure, a bug before a service's refusal.
 */
export async function sideBySide<T>(
  items: Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  await pMap(
    items,
    async (item) => {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    },
    { concurrency },
  );
  if (failures.length > 0) throw failures.find((error) => !(error instanceof Unavailable)) ?? failures[0];
}
