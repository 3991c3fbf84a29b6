import { RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** What becomes of what the stack holds. */
export interface RetentionOptions {
  /**
   * What becomes of tables, queues, user pool, secret and logs when the stack no longer has them. `DESTROY` makes a
   * throw-away stack: all of it goes with the stack, and nothing is protected against deletion.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * How long the logs of the functions and the access log are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}

/** The options with their defaults, as the constructs take them. */
export interface Retention {
  readonly removalPolicy: RemovalPolicy;
  /** Whether AWS is to refuse to delete tables and user pool. */
  readonly deletionProtection: boolean;
  readonly logRetention: RetentionDays;
}

/** Fills in the defaults. Throws an `Error` for `SNAPSHOT`, which none of the resources has. */
export function resolveRetention(options: RetentionOptions): Retention {
  const { removalPolicy = RemovalPolicy.RETAIN, logRetention = RetentionDays.ONE_MONTH } = options;
  if (removalPolicy === RemovalPolicy.SNAPSHOT) {
    throw new Error('removalPolicy: is SNAPSHOT: RETAIN, RETAIN_ON_UPDATE_OR_DELETE and DESTROY are allowed');
  }
  return { removalPolicy, deletionProtection: removalPolicy !== RemovalPolicy.DESTROY, logRetention };
}
