import { isIPv4 } from 'node:net';
import { Failure } from '../plans/failures.ts';

/** True for the addresses of this machine itself: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || (isIPv4(name) && name.startsWith('127.'));
}

/** There is no login yet: whoever reaches the port may move flags, so only this machine may reach it. */
export function refuseOpenAddress(host: string): void {
  if (isLoopback(host)) return;
  throw new Failure(
    'CONFIG_INVALID',
    `The server does not listen on ${host}: it has no login, so it serves this machine only.`,
    {
      where: 'server.host',
      details: ['use 127.0.0.1, ::1 or localhost'],
    },
  );
}

/**
 * A web page can make a browser on this machine send requests to a name of its own that resolves to
 * 127.0.0.1 (DNS rebinding); such a request carries that name as its host.
 */
export function refuseForeignHost(header: string | undefined): void {
  const host = (header ?? 'localhost').replace(/:\d+$/, '');
  if (isLoopback(host)) return;
  throw new Failure('USAGE', `This server answers to localhost only, not to ${host}.`);
}
