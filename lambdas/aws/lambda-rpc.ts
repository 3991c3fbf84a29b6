import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import * as v from 'valibot';
import type { Rpc } from '../chat/ports.ts';
import { tellingFaults } from './faults.ts';

const Answer = v.union([
  v.object({ error: v.object({ code: v.pipe(v.number(), v.integer()), message: v.string() }) }),
  // (of `{ data: undefined }`, JSON leaves `{}`)
  v.strictObject({ data: v.optional(v.unknown(), null) }),
]);

/**
 * Asks the owner's function, which is given `{ method, data, user, client }` and answers `{ data }` or
 * `{ error: { code, message } }`. Throws where it throws, or answers something else; what it said then is not repeated,
 * since that may be anybody's data: the function's own log has it.
 */
export function lambdaRpc(client: LambdaClient, FunctionName: string): Rpc {
  return tellingFaults<Rpc>({
    async call({ method, data, user, connection }) {
      const Payload = JSON.stringify({ method, data, user, client: connection });
      const { FunctionError, Payload: answer } = await client.send(new InvokeCommand({ FunctionName, Payload }));
      const said = read(answer);
      if (FunctionError !== undefined) {
        const kind = v.parse(v.fallback(v.object({ errorType: v.string() }), { errorType: FunctionError }), said);
        throw new Error(`the function for rpc has failed, see its log: ${kind.errorType}`);
      }
      const parsed = v.safeParse(Answer, said);
      if (!parsed.success)
        throw new Error('the function for rpc answered neither { data } nor { error: { code, message } }');
      return parsed.output;
    },
  });
}

/** What is no JSON, and no object, is nothing that could have been meant. */
function read(answer: Uint8Array | undefined): unknown {
  try {
    const said: unknown = JSON.parse(Buffer.from(answer ?? []).toString());
    return Array.isArray(said) ? undefined : said;
  } catch {
    return undefined;
  }
}
