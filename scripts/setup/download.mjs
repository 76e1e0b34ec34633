import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { command, onPath, tail } from './command.mjs';

const CONNECT = 6;
const STALLED = 20;

/**
 * Fetches a file. Without a way to the internet it fails within seconds, so that the next place gets its turn.
 * @param {string} url
 * @param {string} file
 */
export async function download(url, file) {
  const curl = onPath('curl');
  // curl knows this machine's proxy and certificates; Node's fetch does not.
  if (curl === undefined) return viaFetch(url, file);
  const limits = [
    '--connect-timeout',
    String(CONNECT),
    '--speed-limit',
    '1000',
    '--speed-time',
    String(STALLED),
  ];
  const { status, output } = await command(curl, ['-fsSL', ...limits, '-o', file, url]);
  if (status !== 0) throw new Error(tail(output, 1)[0] ?? `curl ended with ${status}`);
}

async function viaFetch(url, file) {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), CONNECT * 1000);
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), STALLED * 1000);
  };
  try {
    const answer = await fetch(url, { signal: abort.signal });
    if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}`);
    again();
    await pipeline(Readable.fromWeb(answer.body).on('data', again), createWriteStream(file));
  } catch (error) {
    const why = abort.signal.aborted
      ? `no answer from ${new URL(url).host}`
      : (error.cause?.message ?? error.message);
    throw new Error(why, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Compares a file with the line about it in a list as `sha256sum` writes it.
 * @param {{ file: string, name: string, sums: string }} what sums: path of the list
 */
export async function checkSum({ file, name, sums }) {
  const line = (await readFile(sums, 'utf8')).split('\n').find((entry) => entry.trim().endsWith(name));
  const expected = line?.trim().split(/\s+/)[0];
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  if (expected === undefined) throw new Error(`the published sums do not list ${name}`);
  if (hash.digest('hex') !== expected) throw new Error(`${name} does not match its published sha256 sum`);
}

/** Go's and the release archives' names for this machine. */
export const system = { os: process.platform, arch: process.arch === 'x64' ? 'amd64' : process.arch };
