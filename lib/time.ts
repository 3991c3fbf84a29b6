import { Duration } from 'aws-cdk-lib';
import { type WholeNumberRange, wholeNumber } from './whole-number.ts';

/** A length of time; a number is whole seconds. */
export type Time = Duration | number;

/** Whole seconds within `range`; else throws an `Error` that names `option` and what is allowed. */
export function seconds(option: string, time: Time, range: Omit<WholeNumberRange, 'unit'>): number {
  const value = time instanceof Duration ? time.toSeconds({ integral: false }) : time;
  return wholeNumber(option, value, { ...range, unit: 'seconds (or a Duration)' });
}
