import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command, tail } from './command.mjs';
import { checkSum, download, system } from './download.mjs';

/**
 * Programs from a release archive of the Prometheus project, checked against its published sum.
 * @param {{ project: string, version: string, programs: string[], folder: string }} what
 */
export async function fromRelease({ project, version, programs, folder }) {
  const base = `${project}-${version}.${system.os}-${system.arch}`;
  const name = `${base}.tar.gz`;
  const release = `https://github.com/prometheus/${project}/releases/download/v${version}`;
  const file = join(folder, name);
  const sums = join(folder, 'sums');
  await download(`${release}/sha256sums.txt`, sums);
  await download(`${release}/${name}`, file);
  await checkSum({ file, name, sums });
  const { status, output } = await command('tar', ['-xzf', file, '-C', folder]);
  if (status !== 0) throw new Error(tail(output, 1)[0] ?? 'the archive does not unpack');
  for (const program of programs) await rename(join(folder, base, program), join(folder, program));
  for (const rest of [file, sums, join(folder, base)]) await rm(rest, { recursive: true });
}
