import { join } from 'node:path';
import { answering } from './answering.ts';
import type { FunctionDeclaration, StackDeclaration } from './declarations.ts';
import { asynchronousInvocations } from './endpoint/asynchronous-invocations.ts';
import { openEndpoint } from './endpoint/endpoint.ts';
import { lambdaService } from './endpoint/lambda-service.ts';
import { queueService } from './endpoint/queue-service.ts';
import { startEventSource } from './event-sources/event-source.ts';
import { runFunctions } from './functions/functions.ts';
import { createGateway, type GatewayOptions } from './gateway/gateway.ts';
import { createHttpApi } from './http-api/http-api.ts';
import { createAccessCheck } from './iam/access-check.ts';
import { assertServedConditions } from './iam/conditions.ts';
import { createCredentialRegistry } from './iam/credentials.ts';
import { apiKeyOf } from './identity/api-key.ts';
import { type Certificate, openCertificate } from './identity/certificate.ts';
import { type Issuer, serveIssuer } from './identity/issuer.ts';
import { KEYS_DIRECTORY, openKeys } from './identity/keys.ts';
import type { Activity, Clock } from './invocation.ts';
import { listenOnLoopback } from './loopback.ts';
import { type Introduction, introduction, introductionPage } from './page.ts';
import { sqsProtocol } from './queues/protocol.ts';
import { createQueues, type Queues } from './queues/queues.ts';
import { startSchedule } from './schedules/schedule.ts';
import { openSecrets } from './secrets/secrets.ts';
import { StartError } from './start-error.ts';
import { synthesize } from './synth/synthesize.ts';
import { systemClock } from './system-clock.ts';
import { openTables } from './tables/tables.ts';
import { readAssembly } from './template/assembly.ts';
import { readStack } from './template/stack.ts';
import type { Template } from './template/template.ts';

/** Where cdk.json is. */
const PROJECT = join(import.meta.dirname, '..');

/** How long a step of the end may take: what is longer is cut off. All of it takes less than 2 s. */
const CLOSE_STEP_MS = 300;

/** How to serve a stack. */
export interface ServeOptions {
  readonly activity: Activity;
  /** 0: any that is free. @default 3000 */
  readonly port?: number;
  /** The CDK app's entry file, absolute. @default bin/parley.ts */
  readonly app?: string;
  /** Where the cloud assembly is made. @default cdk.out */
  readonly outDirectory?: string;
  /** @default .parley, which `npm run token` reads, too */
  readonly keysDirectory?: string;
  /** Keeps tables and queues there; absent: in memory. */
  readonly dataDirectory?: string;
  /** The key of the server HTTP API, a part of the stack's secret. @default the one that goes with its signing key */
  readonly apiKey?: string;
  /** As in {@link GatewayOptions}. */
  readonly gateway?: Pick<GatewayOptions, 'idleTimeoutMs' | 'maxDurationMs' | 'bufferLimitBytes'>;
  /** How long a minute of the schedules takes. @default a minute */
  readonly scheduleMinuteMs?: number;
  /** Processes for each function. @default 10 */
  readonly maximumProcesses?: number;
  /** Serves a changed template, for tests: what if a grant were missing? */
  readonly changeTemplate?: (template: Template) => Template;
  /** @default the machine's */
  readonly clock?: Clock;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
}

/** A stack that is served. */
export interface Parley {
  readonly port: number;
  readonly stack: StackDeclaration;
  readonly introduction: Introduction;
  readonly queues: Queues;
  /** Where the tables' DynamoDB listens, for looking into it. */
  readonly dynamoUrl: string;
  /** Ends everything, within 2 s: no process, socket or timer is left. */
  close(): Promise<void>;
}

/**
 * Serves a CDK app's stack on this machine, as its template declares it. Resolves when it is ready; throws a StartError
 * where it cannot be, and leaves nothing behind.
 */
export async function startParley(options: ServeOptions): Promise<Parley> {
  const opened = new AsyncDisposableStack();
  try {
    return await start(options, opened);
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

async function start(options: ServeOptions, opened: AsyncDisposableStack): Promise<Parley> {
  const { activity, clock = systemClock, signal, dataDirectory } = options;
  // before the slow work: a port that is taken is told at once
  const loopback = await listenOnLoopback(options.port ?? 3000);
  opened.defer(() => loopback.close());
  const endpoint = await openEndpoint({ activity });
  opened.defer(() => endpoint.close());
  const keys = await openKeys(options.keysDirectory ?? KEYS_DIRECTORY);
  const outDirectory = options.outDirectory ?? join(PROJECT, 'cdk.out');
  await synthesized(options, outDirectory);

  const assembly = readAssembly(outDirectory);
  const template = options.changeTemplate?.(structuredClone(assembly.template)) ?? assembly.template;
  const stack = readStack(
    { ...assembly, template },
    { addresses: { gatewayPort: loopback.port, endpointUrl: endpoint.url }, userPool: keys.userPool },
  );
  tellSkipped(stack, activity);
  checkConditions(stack);

  const certificate = await openCertificate(keys.directory, clock.now());
  const [tables, secrets, issuer] = await Promise.all([
    openTables(stack.tables, {
      clock,
      activity,
      environment: process.env,
      ...(dataDirectory !== undefined && { dataDirectory: join(dataDirectory, 'tables') }),
    }).then((made) => opened.adopt(made, () => made.close())),
    openSecrets(stack.secrets, {
      kept: keys.generated,
      now: clock.now(),
      ...(options.apiKey !== undefined && { apiKey: options.apiKey }),
    }),
    stack.userPools.length === 0
      ? undefined
      : serveIssuer(keys, certificate).then((made) => opened.adopt(made, () => made.close())),
  ]);
  const queues = createQueues(stack.queues, {
    clock,
    ...(dataDirectory !== undefined && { dataDirectory: join(dataDirectory, 'queues') }),
  });
  opened.defer(async () => queues.close());
  const protocol = sqsProtocol(queues, { clock, activity });
  opened.defer(async () => protocol.close());

  const credentials = createCredentialRegistry();
  const functions = runFunctions(stack.functions, {
    activity,
    clock,
    environmentOf(declaration) {
      const { accessKeyId, secretAccessKey, sessionToken } = credentials.issueCredentials(declaration.arn);
      return {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_SESSION_TOKEN: sessionToken,
        AWS_ENDPOINT_URL: endpoint.url,
        ...issuerEnvironment(declaration, stack, issuer, certificate),
      };
    },
    ...(options.maximumProcesses !== undefined && { maximumProcesses: options.maximumProcesses }),
  });
  opened.defer(() => functions.close());
  const { invoke } = functions;
  const asynchronous = asynchronousInvocations(stack.asynchronousInvocations, { invoke, clock, activity });
  opened.defer(async () => asynchronous.stop());
  const lambda = lambdaService({ functions: stack.functions, invoke, asynchronous });
  endpoint.serve([tables, secrets, queueService(protocol), lambda], { credentials, functions: stack.functions, clock });
  for (const declaration of stack.eventSources) {
    const queue = queues.byArn(declaration.queueArn);
    const source = startEventSource(declaration, { queue, invoke: functions.invoke, activity, clock });
    opened.defer(() => source.stop(CLOSE_STEP_MS));
  }
  const checkAccess = createAccessCheck({ credentials, functions: stack.functions, clock, activity });
  const common = { invoke, activity, clock, checkAccess };
  const webSockets = stack.webSocketApis.map((api) => {
    const gateway = createGateway(api, { ...common, closeWaitMs: CLOSE_STEP_MS, ...options.gateway });
    opened.defer(() => gateway.close());
    return { path: `/${api.stageName}`, gateway };
  });
  const httpApis = stack.httpApis.map((api) => {
    const httpApi = createHttpApi(api, common);
    opened.defer(async () => httpApi.close());
    return httpApi;
  });
  signal?.throwIfAborted();

  const told = introduction(stack, loopback.port, options.apiKey ?? apiKeyOf(keys));
  loopback.answer(answering({ webSockets, httpApis, page: introductionPage(told) }));
  for (const declaration of stack.schedules) {
    const minute = options.scheduleMinuteMs !== undefined && { minuteMs: options.scheduleMinuteMs };
    const schedule = startSchedule(declaration, { asynchronous, clock, ...minute });
    opened.defer(async () => schedule.stop());
  }
  return {
    port: loopback.port,
    stack,
    introduction: told,
    queues,
    dynamoUrl: tables.url,
    close: () => opened.disposeAsync(),
  };
}

async function synthesized(options: ServeOptions, outDirectory: string): Promise<void> {
  const { activity, app = join(PROJECT, 'bin/parley.ts'), dataDirectory, signal } = options;
  const { printed } = await synthesize({
    project: PROJECT,
    file: app,
    outDirectory,
    except: dataDirectory === undefined ? [] : [dataDirectory],
    onRun: () => activity.note(`synthesizing ${app}`),
    ...(signal && { signal }),
  });
  if (printed.trim() !== '') activity.detail(printed.trim());
}

/** Says once what of the template is not served, a line for each type only with `--verbose`. */
function tellSkipped({ skipped }: StackDeclaration, activity: Activity): void {
  const types = Map.groupBy(skipped, ({ type, why }) => `${type}: ${why}`);
  if (types.size === 0) return;
  const names = new Set(skipped.map(({ type }) => type.replace(/^AWS::/, '')));
  activity.note(`not needed on a laptop, and left out: ${[...names].join(', ')}`);
  for (const [reason, resources] of types) {
    activity.detail(`left out: ${resources.map(({ logicalId }) => logicalId).join(', ')} (${reason})`);
  }
}

function checkConditions({ functions }: StackDeclaration): void {
  for (const { logicalId, statements } of functions) {
    try {
      assertServedConditions(statements);
    } catch (cause) {
      throw new StartError(`The policies of ${logicalId}: ${(cause as Error).message}.`, { cause });
    }
  }
}

/** How a function reaches the local issuer, which stands for the stack's user pool. */
function issuerEnvironment(
  { environment }: FunctionDeclaration,
  { userPools }: StackDeclaration,
  issuer: Issuer | undefined,
  { certificateFile }: Certificate,
): Record<string, string> {
  const trusted = userPools.some((pool) => pool.issuer === environment.ISSUER_URL);
  if (issuer === undefined || !trusted) return {};
  return { ISSUER_ENDPOINT: issuer.endpoint, NODE_EXTRA_CA_CERTS: certificateFile };
}
