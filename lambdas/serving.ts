import type { Context } from 'aws-lambda';
import { powertoolsLogger, powertoolsMetrics } from './runtime/observability.ts';

/**
 * A Lambda handler around what a function does: its log lines carry the request's id, and its metrics are published
 * also where it fails.
 */
export function serving<E, R>(
  work: (event: E, context: Context) => Promise<R>,
): (event: E, context: Context) => Promise<R> {
  return async (event, context) => {
    powertoolsLogger.addContext(context);
    try {
      return await work(event, context);
    } finally {
      if (powertoolsMetrics.hasStoredMetrics()) powertoolsMetrics.publishStoredMetrics();
    }
  };
}
