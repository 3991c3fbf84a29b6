/**
 * What the template declares, with its references resolved: the one list that everything local is made from.
 * `local/template` reads it, and the other folders serve what it says.
 */
export interface StackDeclaration {
  readonly name: string;
  readonly functions: readonly FunctionDeclaration[];
  readonly tables: readonly TableDeclaration[];
  readonly queues: readonly QueueDeclaration[];
  readonly eventSources: readonly EventSourceDeclaration[];
  readonly schedules: readonly ScheduleDeclaration[];
  /** Of functions whose events are treated otherwise than by default. */
  readonly asynchronousInvocations: readonly AsynchronousInvocationDeclaration[];
  readonly webSocketApis: readonly WebSocketApiDeclaration[];
  readonly httpApis: readonly HttpApiDeclaration[];
  readonly secrets: readonly SecretDeclaration[];
  readonly userPools: readonly UserPoolDeclaration[];
  /** Outputs by their name, as `cdk deploy` would print them, with local addresses. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What is in the template and not served, each with the reason why that is harmless. */
  readonly skipped: readonly { readonly logicalId: string; readonly type: string; readonly why: string }[];
}

/** One statement of an IAM policy; strings and lists of strings are both lists here. */
export interface PolicyStatement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** As in the policy: operator → key → values. */
  readonly conditions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A Lambda function. */
export interface FunctionDeclaration {
  readonly logicalId: string;
  /** The physical name; `AWS_LAMBDA_FUNCTION_NAME` in the process. */
  readonly name: string;
  readonly arn: string;
  /** The unpacked asset: an absolute path. */
  readonly codeDirectory: string;
  /** `file.export`, as in the template. */
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** All statements of its role: managed policies that only write logs are left out. */
  readonly statements: readonly PolicyStatement[];
}

/** A DynamoDB table. */
export interface TableDeclaration {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** The input of DynamoDB's CreateTable, made from the template's properties. */
  readonly create: Readonly<Record<string, unknown>>;
  /** The attribute that holds the end of an item's life, Unix time in seconds. */
  readonly ttlAttribute?: string;
}

/** An SQS queue; times in ms. */
export interface QueueDeclaration {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly fifo: boolean;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'messageGroup';
  readonly visibilityTimeoutMs: number;
  readonly delayMs: number;
  readonly retentionMs: number;
  readonly redrive?: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number };
}

/** What wakes a function with the messages of a queue. */
export interface EventSourceDeclaration {
  readonly logicalId: string;
  readonly queueArn: string;
  readonly functionArn: string;
  readonly batchSize: number;
  /** Batches in work at once; absent: as many as there are groups, up to the functions' own ceiling. */
  readonly maximumConcurrency?: number;
  readonly reportBatchItemFailures: boolean;
}

/** A rule of EventBridge that invokes functions at a regular rate. */
export interface ScheduleDeclaration {
  readonly logicalId: string;
  /** Of the rule. */
  readonly arn: string;
  readonly everyMs: number;
  readonly targets: readonly ScheduleTarget[];
}

/** A function that a schedule invokes. */
export interface ScheduleTarget {
  readonly functionArn: string;
  /** The event, where the template gives one: `{ event: null }` is one, too. Else it is EventBridge's own. */
  readonly input?: { readonly event: unknown };
}

/** What becomes of a function's asynchronous invocations that fail. */
export interface AsynchronousInvocationDeclaration {
  readonly functionArn: string;
  /** 0 to 2. */
  readonly maximumRetries: number;
  /** Older events are not tried again. */
  readonly maximumAgeMs: number;
}

/** A WebSocket API with its one stage. */
export interface WebSocketApiDeclaration {
  readonly logicalId: string;
  readonly apiId: string;
  /** `$request.body.action` */
  readonly routeSelectionExpression: string;
  readonly stageName: string;
  readonly routes: readonly RouteDeclaration[];
}

/** A route of a WebSocket API, and the function behind it. */
export interface RouteDeclaration {
  /** `$connect`, `$disconnect`, `$default`, or an action. */
  readonly key: string;
  readonly functionArn: string;
  /** What the function returns reaches the client. */
  readonly hasRouteResponse: boolean;
  /** Of a REQUEST authorizer, `$connect` only. */
  readonly authorizer?: { readonly functionArn: string; readonly identitySources: readonly string[] };
  readonly integrationTimeoutMs: number;
}

/** An HTTP API with its one stage. */
export interface HttpApiDeclaration {
  readonly logicalId: string;
  readonly apiId: string;
  /** `$default` is served at the root of the address, any other below its name. */
  readonly stageName: string;
  readonly routes: readonly HttpRouteDeclaration[];
}

/** A route of an HTTP API, and the function behind it, which speaks payload format 2.0. */
export interface HttpRouteDeclaration {
  /** `POST /api/{method}`, or `$default`. */
  readonly key: string;
  /** What the key is made of; absent from `$default`, which takes what no other route does. */
  readonly target?: {
    /** `ANY` is every one. */
    readonly method: string;
    /** With variables for a segment (`{method}`), and at its end for all others (`{proxy+}`). */
    readonly path: string;
  };
  readonly functionArn: string;
  readonly authorization: 'NONE' | 'AWS_IAM';
  readonly integrationTimeoutMs: number;
}

/** A secret, which is generated when it is first asked for. */
export interface SecretDeclaration {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** `GenerateSecretString` as in the template. */
  readonly generate: Readonly<Record<string, unknown>>;
}

/** A Cognito user pool and its clients. */
export interface UserPoolDeclaration {
  readonly logicalId: string;
  readonly id: string;
  readonly clientIds: readonly string[];
  /** The issuer that its tokens name. */
  readonly issuer: string;
}
