import { isIPv4 } from 'node:net';
import { Failure } from '../plans/failures.ts';

/** True for the addresses of this machine itself: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  const name = host
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/i, '')
    .toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/** Others may reach the port only where somebody can be told from anybody. */
export function refuseOpenAddress(host: string, { hasLogin }: { hasLogin: boolean }): void {
  if (hasLogin || isLoopback(host)) return;
  throw new Failure(
    'CONFIG_INVALID',
    `The server does not listen on ${host}: nobody could log in, so it serves this machine only.`,
    {
      where: 'server.host',
      details: ['use 127.0.0.1, ::1 or localhost, or configure `auth.oidc` or `auth.adminToken`'],
    },
  );
}

/**
 * A web page can make a browser on this machine send requests to a name of its own that resolves to
 * 127.0.0.1 (DNS rebinding); such a request carries that name as its host. `own`: the name of this server.
 */
export function refuseForeignHost(header: string | undefined, own: string): void {
  const host = (header ?? 'localhost').replace(/:\d+$/, '').toLowerCase();
  if (isLoopback(host) || host === own) return;
  throw new Failure('USAGE', `This server answers to ${own} and localhost, not to ${host}.`);
}
