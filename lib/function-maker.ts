import { Stack, Validations } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type Code, EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { ChatApi } from './chat-api.ts';
import { ChatFunction, type ChatFunctionProps } from './chat-function.ts';
import { bundledCode, ENTRY_DIRECTORY } from './function-bundle.ts';
import { manageConnections } from './grants.ts';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';

/** The entry files. */
const NAMES = [
  'authorizer',
  'connect',
  'disconnect',
  'send-message',
  'commands',
  'server-api',
  'deliver',
  'later',
  'sweep',
] as const;

/** What all functions have in common. */
export interface FunctionMakerProps {
  readonly api: ChatApi;
  readonly retention: Retention;
  /**
   * Where the entry files are: `authorizer.ts`, `connect.ts` and so on, each with a `handler`.
   * @default - the app's own, `lambdas`
   */
  readonly entryDirectory?: string;
}

/** A function, but for what all have in common. */
export type FunctionProps = Omit<ChatFunctionProps, 'code' | 'retention' | 'memorySize'> & {
  /** In MB. @default 512 */
  readonly memorySize?: number;
};

/** Makes functions of bundled entry files, below one construct. */
export class FunctionMaker {
  readonly #scope: Construct;
  readonly #props: FunctionMakerProps;
  readonly #codeOf: (name: string) => Code;

  constructor(scope: Construct, props: FunctionMakerProps) {
    this.#scope = scope;
    this.#props = props;
    this.#codeOf = bundledCode(scope, props.entryDirectory ?? ENTRY_DIRECTORY, NAMES);
  }

  /** Its entry file is `<name>.ts`, its logical id the name in PascalCase. */
  make(name: (typeof NAMES)[number], { memorySize = 512, ...props }: FunctionProps): IFunction {
    const id = name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
    const environment = {
      ...props.environment,
      // the stack's name, so that the metrics of two stacks in one region are told apart
      POWERTOOLS_SERVICE_NAME: Stack.of(this.#scope).stackName,
      POWERTOOLS_METRICS_NAMESPACE: 'Parley',
    };
    const { retention } = this.#props;
    const all = { ...props, memorySize, environment, code: this.#codeOf(name), retention };
    return new ChatFunction(this.#scope, id, all).function;
  }

  /** Grants a method of `@connections`. */
  reachConnections(method: 'POST' | 'DELETE'): PolicyStatement {
    Validations.of(this.#scope).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<WebSocketApi>/live/${method}/@connections/*]`,
      reason: 'Connections have their ids when clients connect: the grant is for those of this stage, and no other.',
    });
    return manageConnections(this.#props.api.connectionsArn(method));
  }

  /** Feeds a function from a queue, 10 messages at a time at most; what it reports as failed comes again by itself. */
  wake(handler: IFunction, queue: IQueue, maxConcurrency: number): void {
    const id = `${handler.node.scope?.node.id}EventSource`;
    const mapping = new EventSourceMapping(this.#scope, id, {
      target: handler,
      eventSourceArn: queue.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency,
    });
    pinLogicalId(mapping, id);
  }
}
