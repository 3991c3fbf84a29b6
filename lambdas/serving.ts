import type { Context } from 'aws-lambda';
import { powertoolsLogger, powertoolsMetrics } from './runtime/observability.ts';

/**
 * A Lambda handler around what a function does: its log lines carry the request's id, a failure is logged with its
 * cause, and the metrics are published all the same.
 */
export function serving<E, R>(
  work: (event: E, context: Context) => Promise<R>,
): (event: E, context: Context) => Promise<R> {
  return async (event, context) => {
    powertoolsLogger.addContext(context);
    try {
      return await work(event, context);
    } catch (error) {
      // Lambda's own line of a failed invocation leaves out the cause
      powertoolsLogger.error('the invocation failed', { error: error as Error });
      throw error;
    } finally {
      if (powertoolsMetrics.hasStoredMetrics()) powertoolsMetrics.publishStoredMetrics();
    }
  };
}
