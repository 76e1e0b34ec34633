import { createHash, X509Certificate } from 'node:crypto';
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { connect } from 'node:tls';
import { readTls, type TlsFiles } from '../flags/tls.ts';
import { Failure } from '../plans/failures.ts';

const DAY = 86_400_000;
const SOON_DAYS = 14;

/** Host and port of a part that delivers flags. */
interface Door {
  host: string;
  port: number;
  tls: TlsFiles | null;
}

/** The certificate of delivery: that it is one, fits its key and counts today. @throws Failure CONFIG_INVALID */
export function certificate(files: TlsFiles, now: number): string {
  const served = new X509Certificate(readTls(files).cert);
  const [from, to] = [Date.parse(served.validFrom), Date.parse(served.validTo)];
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  const where = 'flags.tls.cert';
  if (to <= now) throw new Failure('CONFIG_INVALID', `The certificate ended on ${day(to)}.`, { where });
  if (from > now) throw new Failure('CONFIG_INVALID', `The certificate begins on ${day(from)}.`, { where });
  const days = Math.floor((to - now) / DAY);
  const names = served.subjectAltName ?? served.subject;
  return `for ${names.replaceAll('\n', ', ')} until ${day(to)}${days < SOON_DAYS ? `: ${days} days left` : ''}`;
}

/** Delivery over HTTP answers there. */
export function httpDelivery({ host, port, tls }: Door): Promise<string> {
  const address = { host: reachable(host), port, path: '/healthz' };
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`nothing answers there${tls === null ? '' : ' by TLS'}`));
    const request =
      tls === null
        ? getPlain(address, settle)
        : // Whose certificate it is, is looked at here and not by the names in it: this asks by address.
          getSecure({ ...address, rejectUnauthorized: false }, settle);
    request.once('error', fail);

    function settle(response: { statusCode?: number | undefined; resume(): unknown }): void {
      response.resume();
      if (response.statusCode === 200) resolve('');
      else reject(new Error(`it answers ${response.statusCode ?? 'nothing'}: another program has the port`));
    }
  });
}

/** The port shows this certificate, the first of a PEM. */
export function secureDoor({ host, port }: Omit<Door, 'tls'>, pem: string | Buffer): Promise<string> {
  const wanted = new X509Certificate(pem);
  return new Promise((resolve, reject) => {
    const options = {
      host: reachable(host),
      port,
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: false,
    };
    const socket = connect(options, () => {
      const shown = socket.getPeerX509Certificate();
      socket.destroy();
      const same = shown !== undefined && digest(shown) === digest(wanted);
      if (same) resolve('by TLS');
      else reject(new Error('it shows another certificate than the file has: restart it'));
    });
    socket.once('error', ({ message }: Error) =>
      reject(new Error(/ECONNREFUSED/.test(message) ? 'nothing listens there' : `no TLS there: ${message}`)),
    );
  });
}

/** Where everybody is listened to, this machine is too. */
function reachable(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}

function digest(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}
