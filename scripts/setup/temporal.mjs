import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command, isProgram, onPath, tail } from './command.mjs';
import { checkSum, download, system } from './download.mjs';
import { goInstall, goUnfit } from './go.mjs';
import { fromPlaces } from './places.mjs';
import { Missing } from './say.mjs';

/** The newest whose module `go install` accepts: later ones replace a module by a local folder. */
const VERSION = '1.5.1';

/** @returns {Promise<{ temporal: string }>} */
export async function findTemporal() {
  const configured = process.env.TIDEGATE_TEMPORAL;
  if (configured) {
    if (isProgram(configured)) return { temporal: configured };
    throw new Missing(`TIDEGATE_TEMPORAL is ${configured}, which is no program`, [
      'Mend it, or unset it and let setup look.',
    ]);
  }
  const installed = onPath('temporal');
  if (installed !== undefined) return { temporal: installed };
  return fromPlaces({
    part: 'temporal',
    title: 'Temporal development server',
    programs: ['temporal'],
    places: [
      { name: 'its release archive on GitHub', usually: '20 s', fetch: fromGitHub },
      { name: "the place of the SDK's own download", usually: '20 s', fetch: fromTemporal },
      {
        name: 'building it with Go',
        usually: '3 minutes',
        unfit: goUnfit(),
        fetch: (folder) => goInstall(`github.com/temporalio/cli/cmd/temporal@v${VERSION}`, folder),
      },
    ],
    advice: [
      'Install the Temporal CLI (https://docs.temporal.io/cli) so that `temporal` is on PATH,',
      'or name it: TIDEGATE_TEMPORAL=/path/to/temporal, or install Go (https://go.dev/dl) and run this again.',
    ],
  });
}

async function fromGitHub(folder) {
  const name = `temporal_cli_${VERSION}_${system.os}_${system.arch}.tar.gz`;
  const release = `https://github.com/temporalio/cli/releases/download/v${VERSION}`;
  const file = join(folder, name);
  const sums = join(folder, 'sums');
  await download(`${release}/checksums.txt`, sums);
  await download(`${release}/${name}`, file);
  await checkSum({ file, name, sums });
  await unpack(file, folder);
  await rm(sums);
}

async function fromTemporal(folder) {
  const file = join(folder, 'temporal.tar.gz');
  await download(
    `https://temporal.download/cli/archive/v${VERSION}?platform=${system.os}&arch=${system.arch}`,
    file,
  );
  await unpack(file, folder);
}

async function unpack(file, folder) {
  const { status, output } = await command('tar', ['-xzf', file, '-C', folder, 'temporal']);
  if (status !== 0) throw new Error(tail(output, 1)[0] ?? 'the archive does not unpack');
  await rm(file);
}
