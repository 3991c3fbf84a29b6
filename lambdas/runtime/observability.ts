import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import { Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import type { Logger, Metrics } from '../chat/ports.ts';

/** The function's own log. */
export const powertoolsLogger = new PowertoolsLogger();

/** The core's logger. */
export const logger: Logger = {
  info: (message, fields = {}) => powertoolsLogger.info(message, fields),
  warn: (message, fields = {}) => powertoolsLogger.warn(message, fields),
  error: (message, fields = {}) => powertoolsLogger.error(message, fields),
};

/** The function's metrics; who counts must publish them at the end of the invocation. */
export const powertoolsMetrics = new PowertoolsMetrics();

/** The core's metrics. */
export const metrics: Metrics = {
  count: (name, value = 1) => powertoolsMetrics.addMetric(name, 'Count', value),
};
