/** What a whole number may be. */
export interface WholeNumberRange {
  readonly min: number;
  readonly max: number;
  /** What it counts, for the message: `'seconds'`. */
  readonly unit?: string;
}

/** Answers `value` if it is a whole number within `range`; else throws an `Error` that names `option` and the range. */
export function wholeNumber(option: string, value: unknown, { min, max, unit }: WholeNumberRange): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  const what = unit === undefined ? 'a whole number' : `a whole number of ${unit}`;
  throw new Error(`${option}: is ${JSON.stringify(value)}: ${what} from ${min} to ${max} is allowed`);
}
