import { describe, expect, it } from 'vitest';
import { tokens } from '../../../lambdas/aws/tokens.ts';
import { Unavailable } from '../../../lambdas/chat/errors.ts';
import { unsigned } from './issuer.ts';

const asked = () => Promise.reject(new Error('asked'));
const grant = { user: 'by the stack', channel: 'general' };

const verifiers = {
  issuer: { verify: async () => ({ user: 'by the issuer' }) },
  stack: { verify: async () => ({ user: 'by the stack' }), verifySubscription: async () => grant },
};

describe('a token', () => {
  it.each<[unknown, string]>([
    ['https://issuer.example', 'by the issuer'],
    ['', 'by the issuer'],
    [null, 'by the issuer'],
  ])('with the issuer %j is verified by the issuer alone', async (iss, user) => {
    const refusing = { ...verifiers, stack: { verify: asked, verifySubscription: asked } };
    expect(await tokens(refusing).verify(unsigned({ iss }, { alg: 'HS256' }, 'AAAA'))).toEqual({ user });
  });

  it('without an issuer is verified by the stack alone', async () => {
    const refusing = { ...verifiers, issuer: { verify: asked } };
    const token = unsigned({ sub: 'alice' }, { alg: 'RS256' }, 'AAAA');
    expect(await tokens(refusing).verify(token)).toEqual({ user: 'by the stack' });
  });

  it.each(['', 'x', 'a.b.c', '..', 'W10.W10.W10'])('that is none, %j, is refused', async (text) => {
    await expect(tokens(verifiers).verify(text)).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('that its verifier refuses is not tried by the other', async () => {
    const failing = { ...verifiers, issuer: { verify: () => Promise.reject(new Unavailable('no keys')) } };
    await expect(tokens(failing).verify(unsigned({ iss: 'i' }, {}, 'AAAA'))).rejects.toThrow(Unavailable);
  });
});

it('a subscription token is verified by the stack alone, whatever issuer it names', async () => {
  const refusing = tokens({ ...verifiers, issuer: { verify: asked } });
  expect(await refusing.verifySubscription(unsigned({ channel: 'general' }, {}, 'AAAA'))).toEqual(grant);
  expect(await refusing.verifySubscription(unsigned({ iss: 'i', channel: 'general' }, {}, 'AAAA'))).toEqual(grant);
});
