import { describe, expect, it } from 'vitest';
import { createCredentialRegistry } from '../../../local/iam/credentials.ts';

describe('the credentials of functions', () => {
  it('have the form of temporary ones', () => {
    const { accessKeyId, secretAccessKey, sessionToken } = createCredentialRegistry().issueCredentials('arn:a');
    expect(accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(secretAccessKey).toHaveLength(40);
    expect(sessionToken.length).toBeGreaterThan(100);
  });

  it('are found by their key id, and tell whose they are', () => {
    const registry = createCredentialRegistry();
    const [a, b] = [registry.issueCredentials('arn:a'), registry.issueCredentials('arn:b')];
    expect(registry.find(a.accessKeyId)).toEqual({ ...a, functionArn: 'arn:a' });
    expect(registry.find(b.accessKeyId)?.functionArn).toBe('arn:b');
    expect(registry.find('ASIAAAAAAAAAAAAAAAAA')).toBeUndefined();
  });

  it('are others each time, and the earlier ones stay valid', () => {
    const registry = createCredentialRegistry();
    const [first, second] = [registry.issueCredentials('arn:a'), registry.issueCredentials('arn:a')];
    expect(first.accessKeyId).not.toBe(second.accessKeyId);
    expect(first.secretAccessKey).not.toBe(second.secretAccessKey);
    expect(registry.find(first.accessKeyId)).toEqual(first);
  });
});
