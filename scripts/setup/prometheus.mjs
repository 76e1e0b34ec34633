import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command, onPath, tail } from './command.mjs';
import { checkSum, download, system } from './download.mjs';
import { goBuild, goUnfit } from './go.mjs';
import { fromPlaces } from './places.mjs';

/** The long-term support release. */
const VERSION = '3.5.0';
/** The same, as its Go module counts. */
const MODULE_VERSION = '0.305.0';
const PROGRAMS = ['prometheus', 'promtool'];

/** @returns {Promise<{ prometheus: string, promtool: string }>} */
export async function findPrometheus() {
  const [prometheus, promtool] = PROGRAMS.map((program) => onPath(program));
  if (prometheus !== undefined && promtool !== undefined) return { prometheus, promtool };
  const apt = onPath('apt-get') !== undefined && onPath('dpkg') !== undefined;
  return fromPlaces({
    part: 'prometheus',
    title: 'Prometheus',
    programs: PROGRAMS,
    places: [
      { name: 'its release archive on GitHub', usually: '30 s', fetch: fromGitHub },
      {
        name: "the distribution's package, unpacked without installing it",
        usually: '10 s',
        ...(apt ? {} : { unfit: 'this machine has no apt-get' }),
        fetch: fromApt,
      },
      {
        name: 'building it with Go',
        usually: '5 minutes',
        unfit: goUnfit(),
        fetch: (folder) =>
          goBuild({
            module: 'github.com/prometheus/prometheus',
            version: MODULE_VERSION,
            packages: PROGRAMS.map((program) => `./cmd/${program}`),
            folder,
          }),
      },
    ],
    advice: [
      'Install Prometheus (https://prometheus.io/download) so that `prometheus` and `promtool` are on PATH.',
    ],
  });
}

async function fromGitHub(folder) {
  const base = `prometheus-${VERSION}.${system.os}-${system.arch}`;
  const name = `${base}.tar.gz`;
  const release = `https://github.com/prometheus/prometheus/releases/download/v${VERSION}`;
  const file = join(folder, name);
  const sums = join(folder, 'sums');
  await download(`${release}/sha256sums.txt`, sums);
  await download(`${release}/${name}`, file);
  await checkSum({ file, name, sums });
  const { status, output } = await command('tar', ['-xzf', file, '-C', folder]);
  if (status !== 0) throw new Error(tail(output, 1)[0] ?? 'the archive does not unpack');
  for (const program of PROGRAMS) await rename(join(folder, base, program), join(folder, program));
  for (const rest of [file, sums, join(folder, base)]) await rm(rest, { recursive: true });
}

/** Needs no root and starts no service. */
async function fromApt(folder) {
  const work = join(folder, 'apt');
  await mkdir(work);
  let got = await command('apt-get', ['download', 'prometheus'], { cwd: work, timeout: 120_000 });
  if (got.status !== 0) {
    const lists = await privateLists(work);
    const updated = await command('apt-get', [...lists, 'update'], { cwd: work, timeout: 120_000 });
    if (updated.status !== 0) throw new Error(tail(updated.output, 2).join('\n'));
    got = await command('apt-get', [...lists, 'download', 'prometheus'], { cwd: work, timeout: 120_000 });
  }
  if (got.status !== 0) throw new Error(tail(got.output, 2).join('\n'));
  const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get fetched no package');
  const { status, output } = await command('dpkg', ['-x', archive, 'root'], { cwd: work });
  if (status !== 0) throw new Error(tail(output, 2).join('\n'));
  for (const program of PROGRAMS) await copyFile(join(work, 'root/usr/bin', program), join(folder, program));
  await rm(work, { recursive: true });
}

/** Package lists of our own: the system's may be absent (as in container images), and only root may fetch those. */
async function privateLists(work) {
  await mkdir(join(work, 'lists/partial'), { recursive: true });
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  return ['-o', `Dir::State::lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
}
