import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { connect } from 'node:tls';
import type { ChecksConfig } from '../checks/config.ts';
import { askGrafana, type GrafanaConfig, isNoDashboard } from '../checks/grafana.ts';
import { readRows } from '../checks/sql.ts';
import { Failure } from '../plans/failures.ts';
import { withoutSecrets } from './without-secrets.ts';

const DAY = 86_400_000;
const SOON_DAYS = 14;

/** One part of what checks of plans may ask, and how it is tried. It gives what is to be known beside that it works. */
export interface CheckTrial {
  part: string;
  target: string;
  work: (signal: AbortSignal) => Promise<string>;
}

/** Hosts, databases and commands of `checks`. No path of a host is asked, and no command is run: nobody knows what they do. */
export function checkTrials({ hosts, databases, commands, grafana }: ChecksConfig): CheckTrial[] {
  return [
    ...(grafana === undefined
      ? []
      : [
          {
            part: 'Grafana',
            target: grafana.url,
            work: (signal: AbortSignal) => tryGrafana(grafana, signal),
          },
        ]),
    ...Object.keys(hosts).map((host) => ({
      part: `check host "${host}"`,
      target: host,
      work: (signal: AbortSignal) => tryHost(host, signal),
    })),
    ...Object.entries(databases).map(([name, { url }]) => ({
      part: `check database "${name}"`,
      target: withoutSecrets(url) ?? 'checks.databases',
      work: (signal: AbortSignal) => tryDatabase(url, signal),
    })),
    ...Object.entries(commands).map(([name, { run, folder }]) => ({
      part: `check command "${name}"`,
      target: run[0] ?? '',
      work: () => tryCommand(run[0] ?? '', folder),
    })),
  ];
}

/** What the token may see is known by asking for a dashboard that nobody has. @throws Failure CHECK_UNREACHABLE */
async function tryGrafana(config: GrafanaConfig, signal: AbortSignal): Promise<string> {
  const uid = 'tidegate-doctor';
  const { came } = await askGrafana(uid, { config, signal }).catch((error: unknown) => {
    const cause = asError(error).cause;
    throw unreachable(cause instanceof Error ? cause : asError(error));
  });
  if (isNoDashboard(came)) return '';
  throw new Failure('CHECK_UNREACHABLE', `${came}.`);
}

/** A host is named without http or https: it is asked by TLS first where that is usual, and whoever answers at all is there. */
async function tryHost(host: string, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(`http://${host}`);
  const door = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
  if (port === '') {
    const secure = await shownBy({ ...door, port: 443 }, signal).catch((error: unknown) => asError(error));
    if (!(secure instanceof Error)) return secure;
    await asked(`http://${host}/`, signal).catch(() => {
      throw secure;
    });
    return 'by http; nothing answers by https';
  }
  const plain = await asked(`http://${host}/`, signal).catch((error: unknown) => asError(error));
  if (!(plain instanceof Error)) return 'by http';
  // What is there speaks TLS, or nothing is there at all.
  return shownBy(door, signal);
}

async function asked(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal });
  await response.body?.cancel();
}

/** By TLS, with a certificate that this machine trusts: checks trust no other. @throws Failure CHECK_UNREACHABLE */
function shownBy({ host, port }: { host: string; port: number }, signal: AbortSignal): Promise<string> {
  return new Promise((fulfil, reject) => {
    const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
    const socket = connect({ host, port, ...name, rejectUnauthorized: false }, () => {
      const { authorized, authorizationError } = socket;
      const until = Date.parse(socket.getPeerCertificate().valid_to);
      socket.destroy();
      if (!authorized) {
        const why = String(authorizationError);
        reject(new Failure('CHECK_UNREACHABLE', `Its certificate is not trusted: ${why}.`));
        return;
      }
      const days = Math.floor((until - Date.now()) / DAY);
      fulfil(days < SOON_DAYS ? `by https; its certificate ends in ${days} days` : 'by https');
    });
    const stop = () => socket.destroy(new Error('no answer'));
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    socket.once('error', (error: Error) => reject(unreachable(error)));
  });
}

function unreachable(error: Error): Failure {
  const { code = '' } = error as NodeJS.ErrnoException;
  const said: Record<string, string> = {
    ENOTFOUND: 'Nobody knows this name',
    EAI_AGAIN: 'Nobody knows this name',
    ECONNREFUSED: 'Nothing listens there',
    ECONNRESET: 'What listens there speaks neither http nor TLS',
  };
  return new Failure('CHECK_UNREACHABLE', `${said[code] ?? error.message}.`, { cause: error });
}

/** A login and a statement that reads, as a check has them. @throws Failure CHECK_UNREACHABLE */
async function tryDatabase(url: string, signal: AbortSignal): Promise<string> {
  const query = `select current_user, (select bool_or(rolsuper) from pg_roles where rolname = current_user)`;
  try {
    const [row] = await readRows(url, { query, most: 1, timeoutMs: 4_000, signal });
    return row?.[1] === true
      ? `as ${String(row[0])}, who may do everything: give checks a user that can only read`
      : '';
  } catch (error) {
    const { code = '' } = error as { code?: string };
    const why = asError(error).message;
    const refused = ['28P01', '28000'].includes(code) ? 'It does not know the user or the password' : why;
    throw new Failure('CHECK_UNREACHABLE', `${code === 'ECONNREFUSED' ? 'Nothing listens there' : refused}.`);
  }
}

/** A program that this account may run. @throws Failure CHECK_UNREACHABLE */
async function tryCommand(program: string, folder: string | undefined): Promise<string> {
  const no = (text: string) => new Failure('CHECK_UNREACHABLE', text);
  const there = await stat(folder ?? '.').catch(() => null);
  if (folder !== undefined && there?.isDirectory() !== true) throw no(`The folder ${folder} is not there.`);
  const path = process.env['PATH'] ?? '';
  const places = program.includes('/')
    ? [isAbsolute(program) ? program : resolve(folder ?? '.', program)]
    : path.split(delimiter).map((one) => join(one, program));
  const found = await Promise.all(places.map(kindOf));
  if (found.includes('runs')) return 'not run';
  if (found.includes('fixed')) throw no('It is there, and this account may not run it.');
  throw no(program.includes('/') ? 'There is no such program.' : 'There is no such program on PATH.');
}

async function kindOf(file: string): Promise<'runs' | 'fixed' | 'none'> {
  const about = await stat(file).catch(() => null);
  if (about?.isFile() !== true) return 'none';
  return access(file, constants.X_OK).then(
    () => 'runs' as const,
    () => 'fixed' as const,
  );
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
