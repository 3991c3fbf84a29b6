import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

const PLACEHOLDER = /#\w+/g;

/**
 * DynamoDB's expressions, with the names that they use: `#turn` stands for the attribute `turn`, or for what `names`
 * says. Every attribute is written so, since DynamoDB reserves hundreds of words (`last`, `user`, `offset`, …).
 */
export function named<E extends Readonly<Record<string, string>>>(expressions: E, names: Record<string, string> = {}) {
  const used = Object.values(expressions).flatMap((expression) =>
    [...expression.matchAll(PLACEHOLDER)].map(([name]) => name),
  );
  const ExpressionAttributeNames = Object.fromEntries(used.map((name) => [name, names[name] ?? name.slice(1)]));
  return { ...expressions, ExpressionAttributeNames };
}

/** `#a = :a, #b = :b`: sets the attributes that `valuesOf` has the values of. */
export const assignments = (attributes: object): string =>
  Object.keys(attributes)
    .map((name) => `#${name} = :${name}`)
    .join(', ');

/** The values of expressions: `turn` for `:turn`. DynamoDB refuses one that no expression uses. */
export const valuesOf = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`:${name}`, value]));

/** Whether a conditional write was made. False: its condition did not hold. */
export async function made(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
