import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command, onPath, tail } from './command.mjs';
import { goBuild, goUnfit } from './go.mjs';
import { fromPlaces } from './places.mjs';
import { fromRelease } from './release.mjs';

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
      {
        name: 'its release archive on GitHub',
        usually: '30 s',
        fetch: (folder) =>
          fromRelease({ project: 'prometheus', version: VERSION, programs: PROGRAMS, folder }),
      },
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
