import { describe, expect, it } from 'vitest';
import { flagProvider } from './flag-provider.ts';
import { flagdOptions } from './provider.ts';

describe('flagdOptions', () => {
  it('names one service by host and port', () => {
    const options = flagdOptions({ addresses: ['flags.internal:8015'], environment: 'production' });
    expect(options).toMatchObject({
      host: 'flags.internal',
      port: 8015,
      selector: 'flagSetId=production',
      resolverType: 'in-process',
    });
  });

  it('lists several services as one gRPC target, which the provider ends with the last port', () => {
    const { host, port } = flagdOptions({
      addresses: ['127.0.0.1:8015', '127.0.0.2:8016'],
      environment: 'staging',
    });
    expect(`${host}:${port}`).toBe('ipv4:127.0.0.1:8015,127.0.0.2:8016');
    const six = flagdOptions({ addresses: ['[::1]:8015', '[::1]:8016'], environment: 'staging' });
    expect(`${six.host}:${six.port}`).toBe('ipv6:[::1]:8015,[::1]:8016');
  });

  it('takes one host where its certificate is checked', () => {
    const addresses = ['flags.internal:8015', 'flags.internal:8016'];
    expect(() => flagdOptions({ addresses, environment: 'production', tls: true })).toThrow('name one host');
  });

  it.each([
    [[], 'at least one'],
    [['localhost:8015', '127.0.0.1:8016'], 'one family'],
    [['127.0.0.1:8015', '[::1]:8016'], 'one family'],
    [['127.0.0.1'], 'not host:port'],
    [['127.0.0.1:0'], 'not host:port'],
    [['127.0.0.1:99999'], 'not host:port'],
  ])('refuses %j in words', (addresses, words) => {
    expect(() => flagdOptions({ addresses, environment: 'production' })).toThrow(words);
  });
});

it('flagProvider shows its token to nobody, also before the first definitions', async () => {
  const provider = flagProvider({
    addresses: ['127.0.0.1:9'],
    environment: 'production',
    token: 'tgf_SECRET',
  });
  const details = await provider.resolveBooleanEvaluation('pricing-v2', false, {}, console);
  expect(details).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', flagMetadata: { scope: 'production' } });
  expect(JSON.stringify(details)).not.toContain('SECRET');
});
