import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type StackSecret, stackSecret } from '../aws/stack-secret.ts';
import { SERVICE_CALLS } from './service-calls.ts';
import { setting } from './settings.ts';

/** The stack's own keys. */
export const secret = (): StackSecret => stackSecret(new SecretsManagerClient(SERVICE_CALLS), setting('SECRET_ARN'));
