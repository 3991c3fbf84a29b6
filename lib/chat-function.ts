import { Duration } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Code, Function as LambdaFunction, RecursiveLoop, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { pinLogicalId } from './logical-id.ts';
import type { Retention } from './retention.ts';

/** A function: its code, its size and time, its settings, and all that it may do. */
export interface ChatFunctionProps {
  /** Has `index.mjs`, which exports `handler`. */
  readonly code: Code;
  readonly description: string;
  /** In MB; the share of a processor grows with it, a whole one is 1,769. */
  readonly memorySize: number;
  /** In seconds. */
  readonly timeout: number;
  readonly environment: Readonly<Record<string, string>>;
  /** All that it may do but for writing its log. */
  readonly grants: readonly PolicyStatement[];
  /**
   * Whether its events may lead to more of its own events without end; else Lambda takes the 16th for a mistake.
   * @default false
   */
  readonly feedsItself?: boolean;
  readonly retention: Retention;
}

/** A function with a role and a log group of its own. The logical id of the function is the construct's id. */
export class ChatFunction extends Construct {
  readonly function: LambdaFunction;

  constructor(scope: Construct, id: string, props: ChatFunctionProps) {
    super(scope, id);
    const { logRetention, removalPolicy } = props.retention;
    const logGroup = new LogGroup(this, 'Logs', { retention: logRetention, removalPolicy });
    // not the managed policy for logs, which lets a function write to every log of the account
    const writeLog = new PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { Grants: new PolicyDocument({ statements: [writeLog, ...props.grants] }) },
    });

    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      code: props.code,
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memorySize,
      timeout: Duration.seconds(props.timeout),
      environment: { ...props.environment },
      recursiveLoop: props.feedsItself ? RecursiveLoop.ALLOW : undefined,
      role,
      logGroup,
    });
    pinLogicalId(this.function, id);
  }
}
