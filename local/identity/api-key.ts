// biome-ignore lint/style/noRestrictedImports: a pure function, which must be the same here as in the functions
import { derivedApiKey } from '../../lambdas/aws/api-key.ts';

/** The key of the server API that a stack's secret stands for: its `apiKey`, or the one that goes with its `signingKey`. */
export const apiKeyOf = ({ signingKey, apiKey }: { readonly signingKey: string; readonly apiKey?: string }): string =>
  apiKey ?? derivedApiKey(signingKey);
