import type { SecretDeclaration } from '../declarations.ts';
import { StartError } from '../start-error.ts';
import { generatePassword, type PasswordRules } from './password.ts';

/** Where generated values are kept, by a name: of one name there is one value, whoever asks. */
export type KeptValues = (name: string, make: () => string) => Promise<string>;

/** `GenerateSecretString` of a template. */
interface GenerateSecretString extends PasswordRules {
  /** The key that the generated value has in the JSON of `SecretStringTemplate`. */
  readonly GenerateStringKey?: string;
  readonly SecretStringTemplate?: string;
}

/**
 * A secret's string as its declaration says: generated once, and kept from then on (also where the declaration has
 * since asked for another length). `extra` is added to a secret that is JSON.
 *
 * Throws a StartError where the declaration is one that Secrets Manager refuses.
 */
export async function secretValue(
  { logicalId, generate }: SecretDeclaration,
  kept: KeptValues,
  extra: Readonly<Record<string, string>>,
): Promise<string> {
  const { GenerateStringKey: key, SecretStringTemplate: template, ...rules } = generate as GenerateSecretString;
  if ((key === undefined) !== (template === undefined)) {
    throw new StartError(`${logicalId}: GenerateStringKey and SecretStringTemplate are given together or not at all.`);
  }
  const value = await kept(key ?? logicalId, () => generatePassword(rules));
  if (key === undefined || template === undefined) return value;
  return JSON.stringify({ ...templateOf(logicalId, template), [key]: value, ...extra });
}

function templateOf(logicalId: string, template: string): object {
  try {
    return Object(JSON.parse(template));
  } catch (error) {
    throw new StartError(`${logicalId}: SecretStringTemplate is not JSON.`, { cause: error });
  }
}
