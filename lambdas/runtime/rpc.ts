import { LambdaClient } from '@aws-sdk/client-lambda';
import { lambdaRpc } from '../aws/lambda-rpc.ts';
import type { Rpc } from '../chat/ports.ts';

/** The owner's function may take as long as its caller: what it does is its own affair. In ms. */
const CALLS = {
  maxAttempts: 1,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 12_000, throwOnRequestTimeout: true },
};

/** What answers `rpc`; undefined: the stack has nothing plugged in. */
export function rpc(): Rpc | undefined {
  const name = process.env.RPC_FUNCTION;
  return name === undefined ? undefined : lambdaRpc(new LambdaClient(CALLS), name);
}
