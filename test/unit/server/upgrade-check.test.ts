// The order of the checks, and that nothing but the exact headers gets in.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkUpgrade } from '../../../backend/server/upgrade-check';

const token = 'a1'.repeat(32);
const good = { host: '127.0.0.1:4711', authorization: `Bearer ${token}` };

describe('checkUpgrade', () => {
  it('lets the holder of the token in', () => {
    expect(checkUpgrade(good, 4711, token)).toBeUndefined();
  });

  it('refuses any Origin first, then a foreign Host, then a wrong token', () => {
    expect(checkUpgrade({ ...good, origin: '' }, 4711, token)).toMatchObject({ status: 403 });
    const all = { origin: 'http://127.0.0.1:4711', host: 'evil.example:4711' };
    expect(checkUpgrade(all, 4711, token)).toEqual({ status: 403, reason: 'Browsers are not let in.' });
    expect(checkUpgrade({ host: 'evil.example:4711' }, 4711, token)).toEqual({
      status: 403,
      reason: 'The host must be 127.0.0.1:4711.',
    });
    expect(checkUpgrade({ host: good.host }, 4711, token)).toEqual({
      status: 401,
      reason: 'The token is missing or wrong.',
    });
  });

  it.each([undefined, 'localhost:4711', '127.0.0.1', '127.0.0.1:4712', '127.0.0.1:47110', '[::1]:4711', ''])(
    'refuses the host %s',
    (host) => {
      expect(checkUpgrade({ ...good, host }, 4711, token)).toMatchObject({ status: 403 });
    },
  );

  it('refuses every other authorization', () => {
    const near = [
      token,
      `bearer ${token}`,
      `Bearer  ${token}`,
      `Bearer ${token} `,
      `Bearer ${token.toUpperCase()}`,
      `Bearer ${token.slice(1)}`,
      `Bearer ${token}0`,
    ];
    const wrong = fc.oneof(fc.constantFrom(...near), fc.string(), fc.stringMatching(/^Bearer [0-9a-f]{64}$/));
    fc.assert(
      fc.property(wrong, (authorization) => {
        fc.pre(authorization !== good.authorization);
        expect(checkUpgrade({ ...good, authorization }, 4711, token)).toMatchObject({ status: 401 });
      }),
    );
  });
});
