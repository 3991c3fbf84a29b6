/** Where the first item stands that fits; the length where none does. */
export function firstIndex<T>(items: readonly T[], test: (item: T) => boolean): number {
  const found = items.findIndex(test);
  return found < 0 ? items.length : found;
}
