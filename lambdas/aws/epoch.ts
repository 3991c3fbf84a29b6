import { randomInt } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LENGTH = 8;

/**
 * A new epoch: letters alone, as Centrifugo's are, but 8 of them. Two heads of one channel that have the same one would
 * make a client believe that it missed nothing.
 */
export const randomEpoch = (): string =>
  Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
