import { describe, expect, it } from 'vitest';
import { propertiesOf, templateOf } from './synthesis.ts';

describe('the signing secret', () => {
  it('is made by Secrets Manager, of 64 letters and digits under signingKey', () => {
    expect(propertiesOf(templateOf(), 'SigningSecret').GenerateSecretString).toEqual({
      SecretStringTemplate: '{}',
      GenerateStringKey: 'signingKey',
      PasswordLength: 64,
      ExcludePunctuation: true,
    });
  });
});
