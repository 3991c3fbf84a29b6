/**
 * The program of a function's process, in the place of Lambda's Node.js runtime: loads the handler that `_HANDLER`
 * names, then answers one event after the other. It ends as soon as the server's end of the channel is gone.
 *
 * Texts and error types are those of aws-lambda-nodejs-runtime-interface-client.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type EventMessage, endOfLog, type FunctionError, type ProcessMessage } from './messages.ts';

type Handler = (event: unknown, context: Record<string, unknown>) => unknown;

const environment = process.env;
const sendToServer = process.send?.bind(process);

function send(message: ProcessMessage, then?: () => void): void {
  sendToServer?.(message, undefined, undefined, () => then?.());
}

function asLambdaReports(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: traceOf(error) };
}

function traceOf(error: Error): string[] {
  const own = (error.stack ?? `${error.name}: ${error.message}`).split('\n');
  return error.cause instanceof Error ? [...own, ...traceOf(error.cause).map((line) => `  cause: ${line}`)] : own;
}

function failToLoad(errorType: string, errorMessage: string, trace: readonly string[] = []): never {
  throw Object.assign(new Error(errorMessage), { report: { errorType, errorMessage, trace } });
}

async function loadHandler(): Promise<Handler> {
  const name = environment._HANDLER ?? '';
  const [, path, exported] =
    /^(.*?[^/.]+)\.([^/]+)$/.exec(name) ?? failToLoad('Runtime.MalformedHandlerName', 'Bad handler');
  const base = join(environment.LAMBDA_TASK_ROOT ?? '.', path ?? '');
  const file = ['.mjs', '.js', '.cjs'].map((extension) => base + extension).find((candidate) => existsSync(candidate));
  if (file === undefined) return failToLoad('Runtime.ImportModuleError', `Error: Cannot find module '${path}'`);
  let found: unknown;
  try {
    found = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : createRequire(file)(file);
  } catch (error) {
    const { errorType, errorMessage, trace } = asLambdaReports(error);
    if (error instanceof SyntaxError)
      return failToLoad('Runtime.UserCodeSyntaxError', `SyntaxError: ${errorMessage}`, trace);
    const missing = (error as NodeJS.ErrnoException)?.code?.endsWith('MODULE_NOT_FOUND');
    return failToLoad(
      missing ? 'Runtime.ImportModuleError' : errorType,
      missing ? `Error: ${errorMessage}` : errorMessage,
      trace,
    );
  }
  for (const part of (exported ?? '').split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
  if (typeof found !== 'function') return failToLoad('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  return found as Handler;
}

function contextOf({ requestId, deadline, functionArn }: EventMessage): Record<string, unknown> {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: functionArn,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function serialize(result: unknown): string {
  try {
    // a function, for one, has no JSON: it is null like undefined
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch (cause) {
    throw new Error('Unable to stringify response body', { cause });
  }
}

function endLog(requestId: string): void {
  const line = `${endOfLog(requestId)}\n`;
  process.stdout.write(line);
  process.stderr.write(line);
}

async function answer(handler: Handler, message: EventMessage): Promise<void> {
  let reply: ProcessMessage;
  try {
    reply = { type: 'result', payload: serialize(await handler(JSON.parse(message.event), contextOf(message))) };
  } catch (error) {
    reply = { type: 'error', error: asLambdaReports(error), fatal: false };
  }
  endLog(message.requestId);
  send(reply);
}

function die(error: FunctionError, status: number): void {
  send({ type: 'error', error, fatal: true }, () => process.exit(status));
}

// Ctrl-C reaches the whole foreground group: the server ends its functions itself, in its own order
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', (error) => die(asLambdaReports(error), 129));
process.on('unhandledRejection', (reason) => {
  const { errorMessage, trace, errorType } = asLambdaReports(reason);
  die({ errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: `${errorType}: ${errorMessage}`, trace }, 128);
});

loadHandler().then(
  (handler) => {
    process.on('message', (message: EventMessage) => void answer(handler, message));
    send({ type: 'ready' });
  },
  (error: unknown) => die((error as { report?: FunctionError }).report ?? asLambdaReports(error), 1),
);
